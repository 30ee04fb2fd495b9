import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databasesTimeout, postgresDatabases, type TestDatabases } from '../database/test-database.js';
import { certificateSettings, makeKeyCertificate } from '../lab/files/certificate.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { Child } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { cliEntry, productionEnvironment } from '../lab/service/service.process.js';

/** How often each command is killed; `TEST_KILLS=100` takes half an hour. */
const kills = Number(process.env['TEST_KILLS'] ?? 2);
const members = 200;

/** A command, with the settings that it is run with. */
interface Step {
  readonly args: readonly string[];
  /** How long it runs undisturbed, in milliseconds; what it waits for at its end, and does nothing, is left out. */
  readonly lasts: number;
  readonly settings: Readonly<Record<string, string>>;
}

describe('whenever a command is killed', () => {
  let databases: TestDatabases;
  let deployment: Deployment;
  let folder: TempFolder;
  let settings: Readonly<Record<string, string>>;
  const keys = new Map<string, string>();

  const start = ({ args, settings: given }: Step): Child =>
    new Child(process.execPath, [cliEntry, ...args, '--json'], { env: productionEnvironment(given) });
  const step = (args: readonly string[], lasts = 1_500): Step => ({ args, lasts, settings });

  /** Runs a command to its end; what an earlier run of it may have done already is done. */
  const finish = async (one: Step): Promise<string> => {
    const child = start(one);
    const code = await child.closed;
    const printed = child.output;
    const wasDone =
      code === 6 && /is one of the ring's already|is none of the ring's key|was deleted|not dropped/.test(printed);
    if (code !== 0 && !wasDone) throw new Error(`${one.args.join(' ')} ended with ${code}: ${printed}`);
    return child.stdout;
  };
  /** Kills a command at a random moment, as often as was asked for, and then lets it end. */
  const survive = async (one: Step): Promise<void> => {
    for (let kill = 0; kill < kills; kill += 1) {
      const child = start(one);
      await Promise.race([sleep(Math.random() * one.lasts), child.exited]);
      await child.kill();
    }
    await finish(one);
  };
  const readable = async (): Promise<number> => {
    const given = await Promise.all(
      [...keys].map(async ([member, key]) => {
        const answer = await deployment.call('GET', member);
        return answer.status === 200 && ((await answer.json()) as { key: string }).key === key;
      }),
    );
    return given.filter((right) => right).length;
  };
  const ring = async (): Promise<{ dataKeys: { id: number; state: string }[]; activeDataKeyId: number }> =>
    JSON.parse(await finish(step(['ring', 'show']))) as never;

  beforeAll(async () => {
    databases = await postgresDatabases();
    folder = await tempFolder('kills');
    deployment = await startDeployment({ database: await databases.create() });
    ({ settings } = deployment);
    for (let count = 0; count < members; count += 1) keys.set(randomUUID(), randomBytes(32).toString('base64'));
    for (const [member, key] of keys) expect((await deployment.call('POST', member, key)).status).toBe(200);
  }, databasesTimeout);
  afterAll(async () => {
    await deployment.stop();
    await databases.stop();
    await folder.remove();
  });

  test('a rotation, sealing anew and a drop go on where they were, and end as one clean run does', async () => {
    await survive(step(['data-key', 'rotate']));
    const { dataKeys, activeDataKeyId } = await ring();
    // Each run that was killed has made a data key or none, and none is left behind half.
    expect(dataKeys.map(({ id }) => id)).toEqual(Array.from({ length: activeDataKeyId }, (_, index) => index + 1));
    await survive(step(['data-key', 'reencrypt', '--rate', '200'], 2_500));
    expect(await readable()).toBe(members);
    await survive(step(['data-key', 'drop', '1'], 3_000));
    await survive(step(['data-key', 'drop', '1', '--finish', '--yes'], 13_000));
    const { dataKeys: left } = await ring();
    expect(left.filter(({ state }) => state === 'dropped')).toEqual([{ id: 1, state: 'dropped' }]);
    expect(await readable()).toBe(members);
  }, 3_600_000);

  test('a move of the key-encryption key goes on where it was, with every key wrapped under what is listed', async () => {
    const { keks } = JSON.parse(await finish(step(['kek', 'list']))) as { keks: { id: string }[] };
    const after = { ...settings, ...certificateSettings(await makeKeyCertificate(folder.path)) };
    const file = join(folder.path, 'new.env');
    const lines = Object.entries(productionEnvironment(after)).map(([variable, value]) => `${variable}=${value}`);
    await writeFile(file, lines.join('\n'));
    await survive(step(['kek', 'add', '--with', file]));
    settings = after;
    await survive(step(['kek', 'remove', keks[0]?.id ?? '', '--yes']));
    const { keks: left } = JSON.parse(await finish(step(['kek', 'list']))) as { keks: { wrappings: number }[] };
    const { dataKeys } = await ring();
    const present = dataKeys.filter(({ state }) => state === 'open').length;
    expect(left).toEqual([expect.objectContaining({ configured: true, wrappings: present + 1 })]);
    const doctor = JSON.parse(await finish(step(['doctor', '--all']))) as object;
    expect(doctor).toBeDefined();
  }, 3_600_000);

  test('of two operators at once one works and the other is told', async () => {
    const before = await ring();
    const both = [start(step(['data-key', 'rotate'])), start(step(['data-key', 'rotate']))];
    const codes = await Promise.all(both.map((child) => child.closed));
    const { activeDataKeyId } = await ring();
    expect(activeDataKeyId).toBe(before.activeDataKeyId + codes.filter((code) => code === 0).length);
    const told = both.filter((_, index) => codes[index] !== 0).map(({ output }) => output);
    expect(codes.filter((code) => code !== 0 && code !== 6)).toEqual([]);
    expect(told.filter((output) => !output.includes('RING_CHANGED'))).toEqual([]);
    expect(codes).toContain(0);
  });
});
