import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Helm, helm } from '../lab/kubernetes/helm.js';
import { only, type PodSpec } from '../lab/kubernetes/manifests.js';
import { close, listen } from '../lab/network/listen.js';
import { type Outcome, outcomeOf } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { describeIf } from '../lab/skip/skip.js';
import { valueSet } from './value-sets.js';

describeIf(helm.installed, helm.reason, 'the program of `helm test`', () => {
  let cli: Helm;
  let deployment: Deployment;
  let command: readonly string[];
  beforeAll(async () => {
    cli = await Helm.open();
    deployment = await startDeployment();
    const { containers } = only(await cli.render(valueSet('minimal')), 'Pod').spec as PodSpec;
    command = containers[0]?.command ?? [];
  });
  afterAll(async () => {
    await deployment.stop();
    await cli.close();
  });

  /** Runs it with this process's Node, on a service that is here. */
  function runOn(url: string): Promise<Outcome> {
    const [node, evaluate = '', script = ''] = command;
    expect([node, evaluate]).toEqual(['/usr/local/bin/node', '--eval']);
    expect(script).toContain('http://key-connector:80');
    return outcomeOf(process.execPath, [evaluate, script.replace('http://key-connector:80', url)]);
  }

  test('passes on a service that is ready and guards its keys', async () => {
    const { code, stdout } = await runOn(deployment.url);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\/health 200 Healthy\n\/user-keys 401 /)]);
  });

  test('fails where nobody answers', async () => {
    expect(await runOn('http://127.0.0.1:1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('fails on something else that answers everything', async () => {
    const other = createServer((_, response) => response.end('Welcome'));
    const port = await listen(other);
    const { code, stderr } = await runOn(`http://127.0.0.1:${port}`);
    await close(other);
    expect([code, stderr]).toEqual([1, '/user-keys was answered 200 instead of 401\n']);
  });
});
