import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, run } from '../lab/processes/child-process.js';
import { freePort } from '../lab/network/free-port.js';
import { findPostgres } from '../lab/databases/postgres-binaries.js';
import { queryOnce } from '../lab/databases/postgres.client.js';
import type { PostgresServer } from '../lab/databases/postgres.server.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import { giveToUnprivileged } from '../lab/processes/command-line.js';

/** A hot standby that streams from a primary. */
export interface Standby {
  readonly port: number;
  query<Row extends object>(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
}

/** Shuts the primary down, copies its files, and starts the copy as its standby; the primary stays down. */
export async function standbyOf(primary: PostgresServer): Promise<Standby> {
  const [row] = await primary.query<{ data_directory: string }>('SHOW data_directory');
  await primary.kill('SIGINT');
  const folder = await tempFolder('standby');
  await giveToUnprivileged(folder.path);
  const data = join(folder.path, 'data');
  await run('cp', ['-a', row?.data_directory ?? '', data], { unprivileged: true });
  await writeFile(join(data, 'standby.signal'), '');
  const source = `host=127.0.0.1 port=${primary.port} user=postgres`;
  await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  const port = await freePort();
  const bin = (await findPostgres()[0]?.folder()) ?? '';
  const flags = ['-c', `port=${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  const server = new Child(join(bin, 'postgres'), ['-D', data, ...flags], { unprivileged: true });
  const query = <Row extends object>(sql: string): Promise<Row[]> =>
    queryOnce<Row>({ host: '127.0.0.1', port, user: 'postgres', database: primary.database }, sql);
  const answers = (): Promise<boolean> =>
    query('SELECT 1').then(
      () => true,
      () => false,
    );
  await server.until(answers, 'the standby answers');
  return {
    port,
    query,
    stop: async () => {
      await server.kill('SIGQUIT');
      await folder.remove();
    },
  };
}
