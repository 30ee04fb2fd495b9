import { LocalPostgres } from '../../test/lab/databases/postgres.server.ts';
import { treeCpuMicroseconds } from '../../test/lab/processes/proc.ts';
import type { BenchDatabase, StoredValue, StoredWrapping } from './database.ts';

// The bench vacuums before each turn, so that no turn has autovacuum running in it. The server runs with fsync off,
// which leaves out the disk of this machine and favours the baseline that writes on each read.
const parameters = { autovacuum: 'off', shared_buffers: '128MB' };

/** Starts PostgreSQL with an empty database. */
export async function startPostgreSql(): Promise<BenchDatabase> {
  const server = await LocalPostgres.start({ parameters });
  const pid = await postmasterPid(server);
  return {
    description: await version(server),
    url: server.url,
    serviceSettings: {
      database__provider: 'postgresql',
      database__postgreSqlConnectionString: server.connectionString,
    },
    activeWrapping: () => activeWrapping(server),
    insert: (rows) => insert(server, rows),
    crowd: (count, row) => crowd(server, count, row),
    tableBytes: () => tableBytes(server),
    tidy: () => tidy(server),
    cpuMicroseconds: () => treeCpuMicroseconds(pid),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function version(server: LocalPostgres): Promise<string> {
  const [row] = await server.query<{ server_version: string }>('SHOW server_version');
  return `PostgreSQL ${row?.server_version ?? ''}`;
}

async function postmasterPid(server: LocalPostgres): Promise<number> {
  // The first line of the file is the process id.
  const [row] = await server.query<{ file: string }>(`SELECT pg_read_file('postmaster.pid') AS file`);
  return Number.parseInt(row?.file ?? '', 10);
}

async function activeWrapping(server: LocalPostgres): Promise<StoredWrapping> {
  const [wrapping] = await server.query<StoredWrapping>(
    `SELECT "DataKeyId" AS "dataKeyId", "Algorithm" AS "algorithm", "WrappedKey" AS "wrappedKey"
     FROM "DataKeyWrappings" ORDER BY "DataKeyId" DESC LIMIT 1`,
  );
  if (!wrapping) throw new Error('The service made no data key: DataKeyWrappings is empty.');
  return wrapping;
}

async function insert(server: LocalPostgres, rows: readonly StoredValue[]): Promise<void> {
  await server.query(
    `INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
     SELECT id, key, data_key_id, now() AT TIME ZONE 'UTC'
     FROM unnest($1::uuid[], $2::text[], $3::int[]) AS t (id, key, data_key_id)`,
    [rows.map((row) => row.userId), rows.map((row) => row.value), rows.map((row) => row.dataKeyId)],
  );
}

async function crowd(server: LocalPostgres, count: number, row: Omit<StoredValue, 'userId'>): Promise<void> {
  await server.query(
    `INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
     SELECT gen_random_uuid(), $1, $2, '2025-01-01' FROM generate_series(1, $3::int)`,
    [row.value, row.dataKeyId, count],
  );
}

async function tableBytes(server: LocalPostgres): Promise<number> {
  const [row] = await server.query<{ bytes: string }>(`SELECT pg_total_relation_size('"UserKeys"') AS bytes`);
  return Number(row?.bytes);
}

async function tidy(server: LocalPostgres): Promise<void> {
  await server.query('VACUUM ANALYZE "UserKeys"');
  await server.query('CHECKPOINT');
}
