import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useDatabases } from '../database/open-database.js';
import { postgresDatabases, testKinds } from '../database/test-database.js';
import { freePort } from '../lab/network/free-port.js';
import { close, listen } from '../lab/network/listen.js';
import type { Outcome } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { runCli } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import { cliSettings } from './cli-settings.js';

/** What doctor says, as a script reads it. */
interface Report {
  readonly problems: number;
  readonly findings: readonly { check: string; level: string; what: string; remedy?: string }[];
}

const reportOf = ({ stdout }: Outcome): Report => JSON.parse(stdout) as Report;
const said = (report: Report, check: string): string[] =>
  report.findings.filter((finding) => finding.check === check).map(({ level, what }) => `${level}: ${what}`);

for (const kind of testKinds) {
  describeIf(kind.here, kind.reason, `key-connector doctor beside a service on ${kind.name}`, () => {
    const suite = useDatabases(kind.start);

    test('finds nothing wrong, and then the one value that does not open; it changes nothing and shows no key', async () => {
      const deployment = await startDeployment({
        database: suite.place,
        settings: { webVaultUri: 'https://vault.example' },
      });
      try {
        const key = randomBytes(32).toString('base64');
        for (const member of [randomUUID(), randomUUID(), randomUUID()])
          expect((await deployment.call('POST', member, key)).status).toBe(200);
        const everything = (): Promise<{ Id: string }[]> =>
          suite.place.sql('SELECT "Id", "Key", "DataKeyId" FROM "UserKeys" ORDER BY "Id"');
        const before = await everything();
        const doctor = (): Promise<Outcome> =>
          runCli(['doctor', '--all', '--json', '--public-url', deployment.url], deployment.settings);

        const well = await doctor();
        expect(reportOf(well).findings.filter(({ level }) => level === 'problem')).toEqual([]);
        expect(well.code).toBe(0);
        expect(said(reportOf(well), 'values')).toEqual(['ok: All 3 open.']);
        expect(said(reportOf(well), 'public url')).toEqual([
          `ok: ${deployment.url}/user-keys leads to a Key Connector.`,
          'ok: Browsers at https://vault.example may call it.',
        ]);
        expect(await everything()).toEqual(before);

        await suite.place.sql(`UPDATE "UserKeys" SET "Key" = 'kc2.1.AAAA' WHERE "Id" = '${before[1]?.Id ?? ''}'`);
        const ill = await doctor();
        expect(ill.code).toBe(8);
        expect(said(reportOf(ill), 'values')).toEqual([expect.stringContaining('problem: 1 of 3 do not open: ')]);
        expect([well, ill].map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(key);
      } finally {
        await deployment.stop();
      }
    });
  });
}

test('a login that may not write is told by right and table, and nothing is written to find out', async () => {
  const databases = await postgresDatabases();
  try {
    const place = await databases.create();
    await runCli(['migrations', 'run'], cliSettings(place.settings));
    const role = `reader_${randomUUID().slice(0, 8)}`;
    await place.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA public TO ${role};
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}; GRANT INSERT ON "UserKeys", "UserKeyHistory" TO ${role}`);
    const url = new URL(place.settings['postgreSqlConnectionString'] ?? '');
    Object.assign(url, { username: role, password: 'secret' });
    const as = cliSettings({ ...place.settings, postgreSqlConnectionString: url.href });
    const report = reportOf(await runCli(['doctor', '--json'], as));
    expect(said(report, 'database')).toEqual([
      expect.stringMatching(/^problem: .*this login may not update on UserKeys \(.*permission denied/),
      expect.stringMatching(/^problem: .*this login may not delete on UserKeyHistory \(.*permission denied/),
    ]);
  } finally {
    await databases.stop();
  }
});

describe('key-connector doctor', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment({ settings: { webVaultUri: 'https://vault.example' } });
  });
  afterAll(() => deployment.stop());

  const doctor = async (settings: Readonly<Record<string, string>>, ...options: string[]): Promise<Report> =>
    reportOf(await runCli(['doctor', '--json', ...options], { ...deployment.settings, ...settings }));

  test('tells everything that is wrong at once: no check hides another', async () => {
    const nowhere = join(deployment.folder, 'new', 'keys.db');
    const password = join(deployment.folder, 'password');
    await writeFile(password, 'wrong');
    await chmod(password, 0o644);
    const report = await doctor(
      {
        identityServerUri: `http://127.0.0.1:${await freePort()}`,
        database__sqliteConnectionString: `Data Source=${nowhere}`,
        certificate__filesystemPassword: '',
        certificate__filesystemPassword_FILE: password,
      },
      '--public-url',
      `http://127.0.0.1:${await freePort()}`,
    );
    expect(said(report, 'issuer')).toEqual([expect.stringMatching(/^problem: No signing keys: .*ECONNREFUSED/)]);
    expect(said(report, 'key provider')).toEqual([expect.stringMatching(/^problem: .*password/)]);
    expect(said(report, 'database')).toEqual([expect.stringMatching(/^(problem|warning): /)]);
    expect(said(report, 'public url')).toEqual([expect.stringMatching(/^problem: .*ECONNREFUSED/)]);
    expect(said(report, 'files')).toEqual([expect.stringContaining(password)]);
    expect(existsSync(join(deployment.folder, 'new'))).toBe(false);
  });

  test('makes no database that a first start would make', async () => {
    const file = join(deployment.folder, 'first.db');
    const report = await doctor({ database__sqliteConnectionString: `Data Source=${file}` });
    expect(report.problems).toBe(0);
    expect(said(report, 'database')).toEqual([expect.stringMatching(/^warning: .*is not there yet/)]);
    expect(existsSync(file)).toBe(false);
  });

  test('settings that are wrong are told, each by its name', async () => {
    const report = await doctor({ databse__migrate: 'true', http__port: 'many' });
    expect(said(report, 'settings').filter((line) => line.startsWith('problem'))).toEqual([
      expect.stringContaining('databse__migrate'),
      expect.stringContaining('http__port'),
    ]);
  });

  describe('through a proxy', () => {
    const page: RequestListener = (_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!DOCTYPE html><title>Vault</title>');
    };
    /** Sends on what it gets, to another path maybe, and what comes back without a header maybe. */
    const passing =
      (prefix: string, without = ''): RequestListener =>
      ({ method = 'GET', headers: { origin, ...headers }, url = '/' }, response) => {
        const asked = headers['access-control-request-method'];
        const sent = { ...(origin && { origin }), ...(asked && { 'access-control-request-method': asked }) };
        void fetch(`${deployment.url}${prefix}${url}`, { method, headers: sent }).then(async (answer) => {
          const kept = [...answer.headers].filter(([name]) => !['content-encoding', without].includes(name));
          response.writeHead(answer.status, Object.fromEntries(kept));
          response.end(await answer.text());
        });
      };

    test.each<[string, RequestListener, RegExp]>([
      ['a missing location', page, /Something else answers .*web page/],
      ['a wrong path', passing('/elsewhere'), /not to its routes/],
      ['a service that is not reached', (_, response) => response.writeHead(502).end(), /does not reach the service/],
      [
        'a redirect',
        (_, response) => response.writeHead(301, { location: 'https://vault.example' }).end(),
        /is redirected/,
      ],
      [
        'CORS that is taken out',
        passing('', 'access-control-allow-origin'),
        /Browsers at https:\/\/vault\.example may not call it/,
      ],
    ])('%s is told, and what to do', async (_case, answer, expected) => {
      const server = createServer(answer);
      try {
        const report = await doctor({}, '--public-url', `http://127.0.0.1:${await listen(server)}`);
        expect(report.findings.filter(({ level }) => level === 'problem')).toEqual([
          expect.objectContaining({ check: 'public url', what: expect.stringMatching(expected) as unknown }),
        ]);
      } finally {
        await close(server);
      }
    });
  });
});
