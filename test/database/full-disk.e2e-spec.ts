import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { mysqlReason, ownsMariadb, startMariadb } from '../lab/databases/mariadb.server.js';
import { ownsPostgres, startPostgres, type PostgresServer } from '../lab/databases/postgres.server.js';
import { describeIf } from '../lab/skip/skip.js';
import { noSmallDisk, smallDisk, type SmallDisk } from '../lab/files/small-disk.js';
import { giveToUnprivileged } from '../lab/processes/command-line.js';
import { until } from '../lab/processes/until.js';

/** A database whose files lie on a small disk. */
interface Stage {
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly here: boolean;
  readonly reason: string;
  /** Enough for an empty database. */
  readonly megabytes: number;
  readonly start: (disk: SmallDisk) => Promise<Stage>;
}

const kinds: readonly Kind[] = [
  {
    name: 'SQLite',
    here: true,
    reason: '',
    megabytes: 4,
    start: ({ path }) =>
      Promise.resolve({
        settings: { provider: 'sqlite', sqliteConnectionString: `Data Source=${join(path, 'keys.db')}` },
        stop: () => Promise.resolve(),
      }),
  },
  {
    name: 'PostgreSQL',
    here: ownsPostgres,
    reason: 'TEST_POSTGRES_URL names a server whose disk is not ours',
    megabytes: 32,
    // A volume for the data beside the one for the log, which PostgreSQL stops without.
    start: async ({ path }) => {
      const folder = join(path, 'data');
      await mkdir(folder);
      await giveToUnprivileged(folder);
      const server = await startPostgres();
      await server.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
      await server.query('CREATE DATABASE on_small_disk TABLESPACE small');
      const url = new URL(server.url);
      url.pathname = 'on_small_disk';
      return {
        settings: { ...server.settings, postgreSqlConnectionString: url.toString() },
        stop: () => server.stop(),
      };
    },
  },
  {
    name: 'MariaDB',
    here: ownsMariadb,
    reason: mysqlReason,
    megabytes: 96,
    start: async ({ path }) => {
      const server = await startMariadb({ parent: path });
      return { settings: server.settings, stop: () => server.stop() };
    },
  },
];

for (const { name, here, reason, megabytes, start } of kinds) {
  describeIf(here && noSmallDisk === undefined, noSmallDisk ?? reason, `a full disk under ${name}`, () => {
    test('PUT is 503 and leaves what was there, GET goes on, and with room again all is well without a restart', async () => {
      await using cleanup = new AsyncDisposableStack();
      const disk = await smallDisk(megabytes);
      cleanup.defer(() => disk.remove());
      const stage = await start(disk);
      cleanup.defer(() => stage.stop());
      const deployment = await startDeployment({ database: stage, settings: { userKeys__replaceGuardMinutes: '0' } });
      cleanup.defer(() => deployment.stop());

      const members = new Members(deployment);
      const early = Array.from({ length: 20 }, () => randomUUID());
      for (const id of early) expect(await members.put(id)).toBe('done');
      await disk.fill();

      // What is free within the database's own files is used up first; what it frees meanwhile may take one more.
      let [refused, outcome] = ['', 'done'];
      const putAnother = async (): Promise<boolean> => {
        refused = randomUUID();
        outcome = await members.put(refused);
        return outcome !== 'done';
      };
      await until(putAnother, 'a PUT is refused', 30_000);
      expect(outcome).toBe('DATABASE_READ_ONLY');
      expect((await deployment.call('GET', refused)).status).toBe(404);
      // A new value may fit where the old one was; what was refused has changed nothing.
      for (const id of early) expect(['done', 'DATABASE_READ_ONLY']).toContain(await members.put(id));
      await members.expectEveryKey();

      await disk.free();
      await until(async () => (await members.put(refused)) === 'done', 'a PUT is taken again', 30_000);
      for (const id of early) expect(await members.put(id)).toBe('done');
      await members.expectEveryKey();
    }, 60_000);
  });
}

describeIf(
  ownsPostgres && noSmallDisk === undefined,
  noSmallDisk ?? 'TEST_POSTGRES_URL names a server whose disk is not ours',
  "a full disk under PostgreSQL's log, without which it stops",
  () => {
    test('nothing that was acknowledged is lost, and all is well once there is room and PostgreSQL is back', async () => {
      await using cleanup = new AsyncDisposableStack();
      const disk = await smallDisk(48);
      cleanup.defer(() => disk.remove());
      const server = await startPostgres({ parameters: { min_wal_size: '32MB', max_wal_size: '32MB' } });
      cleanup.defer(() => server.stop());
      await moveLog(server, disk);
      const deployment = await startDeployment({ database: server, settings: { userKeys__replaceGuardMinutes: '0' } });
      cleanup.defer(() => deployment.stop());

      const members = new Members(deployment);
      const early = Array.from({ length: 20 }, () => randomUUID());
      for (const id of early) expect(await members.put(id)).toBe('done');
      await disk.fill();
      await until(
        async () => {
          // The next write needs the next file of the log.
          await server.query('SELECT pg_switch_wal()').catch(() => undefined);
          const [id = ''] = early;
          return (await members.put(id)) === 'DATABASE_UNAVAILABLE';
        },
        'PostgreSQL has stopped',
        30_000,
      );

      await disk.free();
      await server.crash();
      await server.launch();
      await until(async () => (await members.put(randomUUID())) === 'done', 'a PUT is taken again', 30_000);
      await members.expectEveryKey();
    }, 60_000);
  },
);

/** Moves PostgreSQL's log (pg_wal) to the disk. */
async function moveLog(server: PostgresServer, { path }: SmallDisk): Promise<void> {
  const [row] = await server.query<{ data_directory: string }>('SHOW data_directory');
  const log = join(row?.data_directory ?? '', 'pg_wal');
  await server.kill('SIGINT');
  await run('cp', ['-a', log, path]);
  await rm(log, { recursive: true });
  await symlink(join(path, 'pg_wal'), log);
  await server.launch();
}

/** Members whose keys are known as far as PUT said. */
class Members {
  /** The last acknowledged key, and those since of which it is not known whether they were stored. */
  private readonly keys = new Map<string, string[]>();

  constructor(private readonly deployment: Deployment) {}

  /** Stores a new key; gives `done`, or the code of the refusal. */
  async put(id: string): Promise<string> {
    const key = randomBytes(32).toString('base64');
    const response = await this.deployment.call('PUT', id, key);
    const body = await response.text();
    if (response.status === 200) {
      this.keys.set(id, [key]);
      return 'done';
    }
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    const { code } = JSON.parse(body) as { code: string };
    if (code !== 'DATABASE_READ_ONLY') this.keys.get(id)?.push(key);
    return code;
  }

  async expectEveryKey(): Promise<void> {
    for (const [id, keys] of this.keys) {
      const { key } = (await (await this.deployment.call('GET', id)).json()) as { key: string };
      expect(keys).toContain(key);
    }
  }
}
