import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { runCli } from '../lab/service/service.process.js';
import { cliSettings } from './cli-settings.js';

describe('key-connector status', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment({ settings: { userKeys__accessFlushMilliseconds: '10' } });
  });
  afterAll(() => deployment.stop());

  test('tells members, layouts, data keys and their wrappings beside a service that runs, and no key', async () => {
    const key = randomBytes(32).toString('base64');
    for (const member of [randomUUID(), randomUUID()]) {
      expect((await deployment.call('POST', member, key)).status).toBe(200);
      expect((await deployment.call('GET', member)).status).toBe(200);
    }
    const { code, stdout } = await runCli(['status', '--json'], deployment.settings);
    expect(code).toBe(0);
    const sha256: unknown = expect.stringMatching(/^sha256:/);
    expect(JSON.parse(stdout)).toMatchObject({
      database: expect.stringContaining('SQLite') as unknown,
      members: 2,
      bound: 2,
      classicKey: false,
      manifest: { held: { ring: sha256, version: 1, layout: 'boundOnly' }, isPinned: false, passedOver: 0 },
      dataKeys: [{ id: 1, state: 'active', wrappedUnder: [sha256] }],
    });
    const text = await runCli(['status'], deployment.settings);
    expect(text.stdout).toMatch(/members +2: 2 bound, 0 classic/);
    expect(text.stdout).toMatch(/ 1 +active +sha256:/);
    expect(stdout + text.stdout).not.toContain(key);
  });

  test('says that there is no database, and makes none', async () => {
    const file = `${deployment.folder}/empty.db`;
    const sqlite = { provider: 'sqlite', sqliteConnectionString: `Data Source=${file}` };
    const { code, stderr } = await runCli(['status'], cliSettings(sqlite));
    expect([code, stderr]).toEqual([4, expect.stringContaining('is not there yet')]);
    expect(existsSync(file)).toBe(false);
  });
});
