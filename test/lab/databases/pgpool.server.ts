import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from '../files/temp-folder.ts';
import { freePort } from '../network/free-port.ts';
import { debianProgram } from '../packages/debian-program.ts';
import { installedTool } from '../packages/tools.ts';
import { Child } from '../processes/child-process.ts';
import { giveTreeToUnprivileged } from '../processes/command-line.ts';
import { queryOnce } from './postgres.client.ts';

/** The program behind `startPgpool`; for `describeIf`. */
export const pgpoolTool = installedTool('pgpool');

/** A pgpool-II in front of a primary and its standbys. */
export interface Pgpool {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one on 127.0.0.1 and a free port, in front of servers on these ports; call `stop` when done. */
export async function startPgpool(
  servers: readonly number[],
  parameters: Readonly<Record<string, string>>,
): Promise<Pgpool> {
  const folder = await tempFolder('pgpool');
  const port = await freePort();
  const backends = servers.flatMap((server, n) => [
    [`backend_hostname${n}`, '127.0.0.1'],
    [`backend_port${n}`, String(server)],
    [`backend_weight${n}`, '1'],
  ]);
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    pcp_port: String(await freePort()),
    socket_dir: folder.path,
    pcp_socket_dir: folder.path,
    pid_file_name: join(folder.path, 'pgpool.pid'),
    backend_clustering_mode: 'streaming_replication',
    sr_check_user: 'postgres',
    num_init_children: '40',
    ...(Object.fromEntries(backends) as Record<string, string>),
    ...parameters,
  };
  const files = {
    'pgpool.conf': Object.entries(all).map(([name, value]) => `${name} = '${value}'`),
    'pcp.conf': [],
    'pool_hba.conf': ['host all all 127.0.0.1/32 trust'],
  };
  for (const [name, lines] of Object.entries(files)) await writeFile(join(folder.path, name), `${lines.join('\n')}\n`);
  await giveTreeToUnprivileged(folder.path);
  const [conf, pcp, hba] = Object.keys(files).map((name) => join(folder.path, name));
  const args = ['-n', '-f', conf ?? '', '-F', pcp ?? '', '-a', hba ?? ''];
  const child = new Child(...(await debianProgram('pgpool', 'usr/sbin/pgpool', args)), { unprivileged: true });
  const address = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
  const answers = (): Promise<boolean> =>
    queryOnce(address, 'SELECT 1').then(
      () => true,
      () => false,
    );
  await child.until(answers, 'pgpool answers');
  return {
    port,
    stop: async () => {
      await child.stop();
      await folder.remove();
    },
  };
}
