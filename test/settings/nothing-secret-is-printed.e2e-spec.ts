import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deploymentsWith } from '@key-connector/settings/testing';
import { freePort } from '../lab/network/free-port.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { until } from '../lab/processes/until.js';

const canary = 'hunter2canary';

/** It has found out that its database or its key is not there: then each part has said what it had to say. */
const hasTried = ({ logs }: ServiceProcess): boolean =>
  logs.some(({ code }) => /^(DATABASE|KEY_PROVIDER)_/.test(String(code)));

describe('the service, logging all that it can', () => {
  let folder: TempFolder;
  beforeAll(async () => {
    folder = await tempFolder('canaries');
  });
  afterAll(() => folder.remove());

  test('prints no secret of any provider, no query of a URI, and no password of a proxy', async () => {
    const proxy = `http://user:${canary}@127.0.0.1:1`;
    const deployments = await deploymentsWith(canary, {
      database__sqliteConnectionString: `Data Source=${join(folder.path, 'keys.db')}`,
      log__level: 'trace',
    });
    expect(deployments.length).toBeGreaterThan(10);
    for (const settings of deployments) {
      const service = await startService({
        settings: { ...settings, rsaKey__timeoutSeconds: '2', http__port: String(await freePort()) },
        env: { HTTPS_PROXY: proxy, HTTP_PROXY: proxy },
        waitFor: 'started',
      });
      await until(
        () => !service.process.running || hasTried(service),
        () => `it has tried. ${service.output}`,
        60_000,
      );
      await service.kill();
      expect(service.logs).toContainEqual(expect.objectContaining({ msg: 'settings' }));
      const leaks = service.output.split('\n').filter((line) => line.includes(canary));
      expect([settings, leaks]).toEqual([settings, []]);
    }
  });
});
