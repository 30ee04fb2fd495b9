import { readFileSync } from 'node:fs';
import { LocalMariadb } from '../../test/lab/databases/mariadb.server.ts';
import { cpuMicroseconds } from '../../test/lab/processes/proc.ts';
import type { BenchDatabase, StoredValue, StoredWrapping } from './database.ts';

// The server does not wait for the disk at a commit, which favours the baseline that writes on each read. A million
// rows fit into its memory, as they do on a server of that size.
const parameters = { 'innodb-buffer-pool-size': '512M' };

/** Starts MariaDB with an empty database. */
export async function startMysql(): Promise<BenchDatabase> {
  const server = await LocalMariadb.start({ parameters });
  const pid = await processId(server);
  return {
    description: await version(server),
    url: server.url,
    serviceSettings: {
      database__provider: 'mysql',
      database__mySqlConnectionString: server.connectionString,
    },
    activeWrapping: () => activeWrapping(server),
    insert: (rows) => insert(server, rows),
    crowd: (count, row) => crowd(server, count, row),
    tableBytes: () => tableBytes(server),
    tidy: async () => {
      await server.query('ANALYZE TABLE "UserKeys"');
    },
    cpuMicroseconds: () => cpuMicroseconds(pid),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function version(server: LocalMariadb): Promise<string> {
  const [row] = await server.query<{ version: string }>('SELECT version() AS version');
  return row?.version.includes('MariaDB') === true ? `MariaDB ${row.version}` : `MySQL ${row?.version ?? ''}`;
}

async function processId(server: LocalMariadb): Promise<number> {
  const [row] = await server.query<{ file: string }>('SELECT @@pid_file AS file');
  return Number.parseInt(readFileSync(row?.file ?? '', 'utf8'), 10);
}

async function activeWrapping(server: LocalMariadb): Promise<StoredWrapping> {
  const [wrapping] = await server.query<StoredWrapping>(
    `SELECT "DataKeyId" AS "dataKeyId", "Algorithm" AS "algorithm", "WrappedKey" AS "wrappedKey"
     FROM "DataKeyWrappings" ORDER BY "DataKeyId" DESC LIMIT 1`,
  );
  if (!wrapping) throw new Error('The service made no data key: DataKeyWrappings is empty.');
  return wrapping;
}

/** The values are GUIDs, base64url and numbers of this run: nothing in them needs an escape. */
async function insert(server: LocalMariadb, rows: readonly StoredValue[]): Promise<void> {
  const values = rows.map(({ userId, value, dataKeyId }) => `('${userId}','${value}',${dataKeyId},'2026-01-01')`);
  for (let start = 0; start < values.length; start += 5000) {
    const some = values.slice(start, start + 5000).join(',');
    await server.query(`INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES ${some}`);
  }
}

/** Ids are hashes with the hyphens of a GUID: UUID() alone gives ids in order of time, which real ones are not. */
async function crowd(server: LocalMariadb, count: number, row: Omit<StoredValue, 'userId'>): Promise<void> {
  const id = [9, 14, 19, 24].reduce((text, at) => `INSERT(${text}, ${at}, 0, '-')`, 'MD5(UUID())');
  await server.query(
    `INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
     SELECT ${id}, '${row.value}', ${row.dataKeyId}, '2025-01-01' FROM "seq_1_to_${count}"`,
  );
}

async function tableBytes(server: LocalMariadb): Promise<number> {
  const [row] = await server.query<{ bytes: unknown }>(
    `SELECT "DATA_LENGTH" + "INDEX_LENGTH" AS bytes FROM information_schema."TABLES"
     WHERE "TABLE_SCHEMA" = DATABASE() AND "TABLE_NAME" = 'UserKeys'`,
  );
  return Number(row?.bytes);
}
