import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { useDatabases } from '../database/open-database.js';
import { mysqlDatabases, postgresDatabases } from '../database/test-database.js';
import { runCli } from '../support/cli.process.js';
import { startDeployment } from '../support/deployment.js';
import { mysqlReason, ownsMariadb } from '../support/mariadb.server.js';
import { ownsPostgres } from '../support/postgres.server.js';
import { describeIf } from '../support/skip.js';
import { until } from '../support/until.js';
import { cliSettings, keySettings } from './cli-settings.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const file = `${fixtures}/data.json`;
const { users } = JSON.parse(readFileSync(`${fixtures}/expected.json`, 'utf8')) as {
  users: Record<string, { key: string }>;
};
const members = Object.keys(users).length;

/** A transaction of the test's own that has inserted rows, so that another insert of them waits for its end. */
interface Writer {
  run(sql: string): Promise<unknown>;
  /** SQL that gives a row for each session that waits for this one. */
  readonly waiters: string;
  end(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;

// Not on SQLite: there an import has the whole file from its first read on, and no member writes meanwhile.
const kinds = [
  {
    name: 'PostgreSQL',
    here: ownsPostgres,
    reason: 'TEST_POSTGRES_URL names a server with other sessions',
    start: () => postgresDatabases(),
    writer: async ({ postgreSqlConnectionString }: Settings): Promise<Writer> => {
      const client = new pg.Client({ connectionString: postgreSqlConnectionString });
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return {
        run: (sql) => client.query(sql),
        waiters: `SELECT pid FROM pg_stat_activity WHERE ${rows[0]?.pid ?? 0} = ANY(pg_blocking_pids(pid))`,
        end: () => client.end(),
      };
    },
  },
  {
    name: 'MariaDB',
    here: ownsMariadb,
    reason: mysqlReason,
    start: mysqlDatabases,
    writer: async ({ mySqlConnectionString = '' }: Settings): Promise<Writer> => {
      const connection = await createConnection(mySqlConnectionString);
      await connection.query(`SET SESSION sql_mode = 'ANSI_QUOTES'`);
      return {
        run: (sql) => connection.query(sql),
        waiters: `SELECT requesting_trx_id FROM information_schema.innodb_lock_waits
          JOIN information_schema.innodb_trx ON trx_id = blocking_trx_id
          WHERE trx_mysql_thread_id = ${connection.threadId}`,
        end: () => connection.end(),
      };
    },
  },
] as const;

for (const kind of kinds) {
  describeIf(kind.here, kind.reason, `members who store a key while a JSON file is imported into ${kind.name}`, () => {
    const suite = useDatabases<Awaited<ReturnType<(typeof kinds)[number]['start']>>>(kind.start);

    test('keep it, one after the other, and the import goes on and counts them', async () => {
      const { place } = suite;
      const deployment = await startDeployment({ settings: keySettings(place.settings) });
      // In the order in which the import comes to them.
      const [first = '', second = ''] = Object.keys(users).sort();
      const newer = new Map([first, second].map((id, index) => [id, Buffer.alloc(32, index).toString('base64')]));
      const writers = [await kind.writer(place.settings), await kind.writer(place.settings)];
      try {
        for (const [id, key] of newer) await deployment.call('PUT', id, key);
        await place.sql('CREATE TABLE "Stored" AS SELECT * FROM "UserKeys"');
        await place.sql('DELETE FROM "UserKeys"');
        for (const [index, writer] of writers.entries()) {
          await writer.run('BEGIN');
          const id = [first, second][index] ?? '';
          await writer.run(`INSERT INTO "UserKeys" SELECT * FROM "Stored" WHERE "Id" = '${id}'`);
        }

        const importing = runCli(['import', 'json', file], cliSettings(place.settings));
        for (const writer of writers) {
          await until(async () => {
            // InnoDB shows its locks as they were at the last look, unless that is 100 ms ago.
            await sleep(150);
            return (await place.sql(writer.waiters)).length > 0;
          }, 'the import waits for a member');
          await writer.run('COMMIT');
        }
        const { code, stdout } = await importing;
        expect(stdout).toMatch(
          new RegExp(`^Imported ${members - 2} keys into .*; 2 have a newer key there, which was kept`),
        );
        expect(code).toBe(0);
        for (const [id, { key }] of Object.entries(users)) {
          expect(await (await deployment.call('GET', id)).json()).toEqual({ key: newer.get(id) ?? key });
        }
      } finally {
        await Promise.all(writers.map((writer) => writer.end()));
        await deployment.stop();
      }
    });
  });
}
