import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tempFolder, type TempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { clusters } from '../lab/kubernetes/cluster/cluster.js';
import { clusterEnvironment, kubectl } from '../lab/kubernetes/cluster/kubectl.js';
import { node } from '../lab/kubernetes/cluster/places.js';
import { run } from '../lab/processes/child-process.js';
import { describeIf } from '../lab/skip/skip.js';
import { giveVolume, objectsIn } from './installation.js';

const repository = resolve(import.meta.dirname, '../..');
const namespace = 'key-connector';

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a section of the guide, as a reader copies them. */
async function blocksOf(section: string): Promise<Block[]> {
  const guide = await readFile(join(repository, 'docs/kubernetes.md'), 'utf8');
  const [, found = ''] = guide.split(`\n## ${section}\n`);
  const [text = ''] = found.split('\n## ');
  return [...text.matchAll(/^( *)```(\w+)\n([^]*?)\n\1```$/gm)].map(([, indent = '', language = '', block = '']) => ({
    language,
    text: block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/**
 * Followed in a folder that has a checkout's `helm` and `config` and nothing else. What differs from the text: the
 * image is given to the node, where step 1 builds and pushes it; and the issuer of the lab is the identity server.
 */
describeIf(clusters.installed, clusters.reason, 'docs/kubernetes.md, followed word for word', () => {
  let folder: TempFolder;
  let issuer: IssuerServer;
  let before: readonly string[];
  const sh = (text: string): Promise<string> =>
    run('bash', ['-euo', 'pipefail', '-c', text], { cwd: folder.path, env: clusterEnvironment(folder.path) });

  beforeAll(async () => {
    folder = await tempFolder('guide');
    issuer = await startIssuer({ host: node.ipv4 });
    for (const part of ['helm', 'config'])
      await cp(join(repository, part), join(folder.path, part), { recursive: true });
    // A cluster that people use has something that makes volumes.
    await giveVolume(namespace);
  });
  afterAll(async () => {
    await issuer.stop();
    await folder.remove();
    await kubectl.run('delete', 'namespace', namespace, '--wait=false');
  });

  test('leads from an empty namespace to a served request', async () => {
    const [image, ...steps] = await blocksOf('From an empty namespace to a served request');
    expect(image?.text).toMatch(/^docker build .*\ndocker push /);
    const said: string[] = [];
    for (const { language, text } of steps) {
      if (text.startsWith('helm install')) before = await objectsIn(namespace);
      if (language === 'yaml') {
        const values = text.replace('https://vault.example.com/identity', issuer.uri);
        await writeFile(join(folder.path, 'values.yaml'), values);
      } else {
        // What a block leaves running is a reader's to end.
        said.push(await sh(`trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${text}`));
      }
    }
    const [tested = '', asked = ''] = said.slice(-2);
    expect(tested).toMatch(/Phase: +Succeeded/);
    expect(tested).toMatch(/"keyEncryptionKey":"RSA 4096 [^"]*sha256:[0-9a-f]{64}/);
    expect(asked).toContain('Healthy');
  });

  test('upgrades, and goes back', async () => {
    const [upgrade] = await blocksOf('Upgrade and back');
    await sh(`${upgrade?.text ?? ''} --set image.tag=0.1.1`);
    await sh(`helm rollback key-connector --namespace key-connector --wait`);
    const history = JSON.parse(await sh('helm history key-connector --namespace key-connector --output json')) as {
      readonly status: string;
      readonly description: string;
    }[];
    expect(history.at(-1)).toMatchObject({ status: 'deployed', description: 'Rollback to 1' });
  });

  test('uninstalls everything but the Secret and the database that were there before', async () => {
    const [uninstall] = await blocksOf('Uninstall');
    await sh(uninstall?.text ?? '');
    await kubectl.until(
      (printed) => printed === '',
      ['get', 'pods', '--namespace', namespace, '--selector', 'app.kubernetes.io/instance=key-connector', '-o', 'name'],
      'the pods have ended',
    );
    expect(await objectsIn(namespace)).toEqual(before);
  });
});
