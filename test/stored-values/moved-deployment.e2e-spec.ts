import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresDatabases, type TestDatabase, type TestDatabases } from '../database/test-database.js';
import { cliSettings } from '../cli/cli-settings.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { outcomeOf } from '../lab/processes/child-process.js';
import type { LogLine } from '../lab/service/log-reader.js';
import { until } from '../lab/processes/until.js';
import {
  cliEntry,
  productionEnvironment,
  runCli,
  type ServiceOptions,
  type ServiceProcess,
  startService,
} from '../lab/service/service.process.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const read = (name: string): string => readFileSync(join(fixtures, name), 'utf8');
const { users } = JSON.parse(read('expected.json')) as { users: Record<string, { key: string }> };

/** A classic deployment whose members stand in the schema `prod`, and the env file of its container. */
describe('a deployment that is moved by its env file', () => {
  let databases: TestDatabases;
  let place: TestDatabase;
  let issuer: IssuerServer;
  let folder: TempFolder;
  let envFile: string;
  let started: ServiceProcess[] = [];

  beforeAll(async () => {
    databases = await postgresDatabases();
    place = await databases.create();
    await place.sql(`CREATE SCHEMA prod; SET search_path = prod; ${read('postgresql.sql')}`);
    issuer = await startIssuer();
    folder = await tempFolder('moved');
    envFile = await envFileOf(`Application Name=kc#1;Search Path=prod`);
  });
  afterEach(async () => {
    await Promise.all(started.map((service) => service.kill()));
    started = [];
  });
  afterAll(async () => {
    await issuer.stop();
    await databases.stop();
    await folder.remove();
  });

  const settingsOf = (connectionString: string): Record<string, string> => ({
    ...cliSettings({ provider: 'postgresql', postgreSqlConnectionString: connectionString, expect: 'existing' }),
    identityServerUri: issuer.uri,
  });
  const adoNet = (rest: string): string => {
    const { hostname, port, username, pathname } = new URL(place.settings['postgreSqlConnectionString'] ?? '');
    return `Host=${hostname};Port=${port};Database=${pathname.slice(1)};Username=${username};${rest}`;
  };
  async function envFileOf(rest: string): Promise<string> {
    const lines = Object.entries(settingsOf(adoNet(rest))).map(
      ([path, value]) => `keyConnectorSettings__${path}=${value}`,
    );
    const file = join(folder.path, 'key-connector.env');
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    return file;
  }
  const start = async (options: ServiceOptions): Promise<ServiceProcess> => {
    const service = await startService(options);
    started.push(service);
    return service;
  };
  const tablesInPublic = (): Promise<object[]> =>
    place.sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);

  test('cut off at # by node --env-file, it ends the start, says where it looked and where the tables are, and makes nothing', async () => {
    const service = await start({ settings: {}, nodeOptions: [`--env-file=${envFile}`], waitFor: 'started' });
    expect(await service.exited).toBe(1);
    expect(service.output).toContain('DATABASE_UNEXPECTED');
    expect(service.output).toMatch(
      /PostgreSQL at 127\.0\.0\.1:\d+\/\w+ \(search path .*public, which leads to public\)/,
    );
    expect(service.output).toContain('Tables of these names stand in: the schema prod.');
    expect(service.output).toContain('Node was started with --env-file');
    expect(await tablesInPublic()).toEqual([]);
  });

  test('the commands write nothing there either', async () => {
    const settings = settingsOf(adoNet('Application Name=kc'));
    const runs = [
      ['migrations', 'run'],
      ['migrations', 'print'],
      ['import', 'json', join(fixtures, 'data.json')],
    ];
    for (const { code, stdout, stderr } of await Promise.all(runs.map((args) => runCli(args, settings)))) {
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
      expect(stderr).toContain('database__expect is existing, but no deployment was found');
    }
    expect(await tablesInPublic()).toEqual([]);
  });

  test('a file that Node has read already is not read a second time', async () => {
    const options = { nodeOptions: [`--env-file=${envFile}`], env: { KEY_CONNECTOR_ENV_FILE: envFile } };
    const service = await start({ settings: {}, ...options, waitFor: 'started' });
    expect(await service.exited).toBe(1);
    expect(service.output).toMatch(/env file: must not be read by Node too/);
  });

  test('by KEY_CONNECTOR_ENV_FILE every character arrives, and every member is served', async () => {
    const { url, logs } = await start({ settings: {}, env: { KEY_CONNECTOR_ENV_FILE: envFile } });
    const adopted = (): LogLine | undefined => logs.find(({ msg }) => String(msg).startsWith('adopted the data key'));
    await until(() => adopted() !== undefined, 'the log says that the data key was adopted');
    expect(adopted()).toMatchObject({ members: Object.keys(users).length });
    for (const [userId, { key }] of Object.entries(users)) {
      const headers = { authorization: `Bearer ${issuer.token({ claims: { sub: userId } })}` };
      expect(await (await fetch(`${url}/user-keys`, { headers })).json()).toEqual({ key });
    }
    expect(await tablesInPublic()).toEqual([]);
  });

  test('so it is for the commands by --docker-env-file, from a pipe too', async () => {
    const command = [process.execPath, cliEntry, 'migrations', 'print', '--docker-env-file', '/dev/stdin'];
    const args = ['-c', 'cat "$0" | exec "$@"', envFile, ...command];
    const { code, stdout } = await outcomeOf('/bin/sh', args, { env: productionEnvironment({}) });
    expect(stdout).toMatch(/^-- /);
    expect(code).toBe(0);
  });

  test('of replicas that make a new deployment with empty at once one turns ready and the others end; then existing finds it', async () => {
    const fresh = await databases.create();
    const settings = {
      ...settingsOf(fresh.settings['postgreSqlConnectionString'] ?? ''),
      database__expect: 'empty',
    };
    const replicas = await Promise.all([1, 2, 3].map(() => start({ settings, waitFor: 'started' })));
    const isUp = (service: ServiceProcess): boolean => service.output.includes('"created the first data key"');
    await Promise.all(
      replicas.map((service) =>
        Promise.race([
          service.exited,
          service.process.until(() => Promise.resolve(isUp(service)), 'it made the data key'),
        ]),
      ),
    );
    expect(replicas.filter(isUp)).toHaveLength(1);
    for (const service of replicas.filter((one) => !isUp(one))) expect(service.output).toContain('DATABASE_UNEXPECTED');
    const next = await start({ settings: { ...settings, database__expect: 'existing' } });
    const warned = (): boolean => next.output.includes('there is a data key, but no member has a key here');
    await until(warned, 'the log warns that there is no member');
  });
});
