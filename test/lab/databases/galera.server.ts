import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { madeOnce } from '../files/shared-folder.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { freePort } from '../network/free-port.ts';
import { installedTool, systemProgram } from '../packages/tools.ts';
import { run } from '../processes/child-process.ts';
import { giveToUnprivileged, giveTreeToUnprivileged } from '../processes/command-line.ts';
import { DATABASE, LocalServer } from './local.server.ts';
import { connectionStrings, queryOnce } from './mariadb.client.ts';
import { emptyData, mariadb, mariadbDefaults, mariadbVersion, type MariadbServer, placesIn } from './mariadb.server.ts';

const provider = installedTool('galera');
const transfer = installedTool('mariadb-sst');
const needed = [mariadb, provider, transfer, systemProgram('rsync', '/usr/bin/rsync')];

/** Whether a Galera cluster can be started here, and why not. */
export const hasGalera = needed.every(({ installed }) => installed);
export const galeraReason = needed.find(({ installed }) => !installed)?.reason ?? '';

/** Where the members of a cluster meet. */
interface Meeting {
  /** The port of the node that the others find; its own for the one that begins the cluster. */
  readonly first: number;
  readonly own: number;
}

/** What makes a dead or silent node known within seconds, where Galera waits for a slow network by default. */
const impatient = {
  'evs.join_retrans_period': 'PT0.2S',
  'evs.inactive_check_period': 'PT0.1S',
  'evs.keepalive_period': 'PT0.2S',
  'evs.suspect_timeout': 'PT1S',
  'evs.inactive_timeout': 'PT2S',
  'evs.install_timeout': 'PT1S',
  'pc.announce_timeout': 'PT1S',
  'gmcast.time_wait': 'PT0.5S',
  'gmcast.peer_timeout': 'PT0.5S',
};

/** A node of a Galera cluster. The one that began it must not be restarted: it would begin another. */
export class GaleraNode extends LocalServer implements MariadbServer {
  private constructor(folder: TempFolder, port: number, { first, own }: Meeting, ports: readonly [number, number]) {
    const address = { host: '127.0.0.1', port, user: 'root', database: DATABASE };
    const [ist, sst] = ports;
    const options = { ...impatient, base_port: own, 'gmcast.listen_addr': `tcp://127.0.0.1:${own}` };
    const all = {
      ...mariadbDefaults,
      ...placesIn(folder),
      'binlog-format': 'ROW',
      'innodb-autoinc-lock-mode': '2',
      'wsrep-on': 'ON',
      'wsrep-provider': provider.file('libgalera_smm.so'),
      'wsrep-cluster-name': 'key-connector',
      'wsrep-cluster-address': first === own ? 'gcomm://' : `gcomm://127.0.0.1:${first}`,
      'wsrep-node-address': '127.0.0.1',
      'wsrep-sst-method': 'rsync',
      'wsrep-sst-receive-address': `127.0.0.1:${sst}`,
      'wsrep-provider-options': Object.entries({
        ...{ ...options, base_host: '127.0.0.1', 'ist.recv_addr': `127.0.0.1:${ist}`, 'gcache.size': '16M' },
      })
        .map((option) => option.join('='))
        .join(';'),
    };
    const flags = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
    const data = `--datadir=${join(folder.path, 'data')}`;
    // The server looks its script of state transfer up there.
    const path = `${dirname(transfer.file('wsrep_sst_rsync'))}:${process.env['PATH'] ?? ''}`;
    const begin = first === own ? ['--wsrep-new-cluster'] : [];
    super({
      name: 'A Galera node',
      folder,
      address,
      strings: connectionStrings(address),
      command: [mariadb.file(''), ['--no-defaults', data, `--port=${port}`, ...flags, ...begin]],
      env: { ...process.env, PATH: path },
      signals: { shutdown: 'SIGTERM', crash: 'SIGKILL' },
    });
  }

  /** Starts a node on a copy of these files. */
  static async start(files: string, meeting: Meeting): Promise<GaleraNode> {
    const folder = await tempFolder('galera');
    await giveToUnprivileged(folder.path);
    const data = join(folder.path, 'data');
    await cp(files, data, { recursive: true });
    await giveTreeToUnprivileged(data);
    const node = new GaleraNode(folder, await freePort(), meeting, [await freePort(), await freePort()]);
    await node.launch();
    return node;
  }

  /** Where a node with these files would have them. */
  static dataOf(node: GaleraNode): string {
    return join(node.plan.folder.path, 'data');
  }

  /**
   * Also after a crash: as mariadbd-safe does it, the server is first asked how far it had come, and gets from the
   * others what it missed instead of all that there is.
   */
  override async launch(): Promise<void> {
    const state = join(GaleraNode.dataOf(this), 'grastate.dat');
    const known = await readFile(state, 'utf8').catch(() => '');
    if (known.includes('seqno:   -1')) {
      const [program, flags] = this.plan.command;
      const said = await run(program, [...flags, '--wsrep-recover'], { unprivileged: true });
      const [, seqno = '-1'] = /Recovered position:? [\w-]+:(\d+)/.exec(said) ?? [];
      await writeFile(state, known.replace('seqno:   -1', `seqno:   ${seqno}`));
    }
    await super.launch();
  }

  query<Row extends object>(sql: string, database = this.database): Promise<Row[]> {
    const { host, port, user } = this;
    return queryOnce<Row>({ host, port, user, database }, sql);
  }

  /** A session that holds what it takes until it ends. */
  async session(): Promise<{ query(sql: string): Promise<unknown>; end(): Promise<void> }> {
    const { host, port, user, database } = this;
    return createConnection({ host, port, user, database });
  }

  /** Runs SQL that a node takes in any state. */
  async tell(sql: string): Promise<void> {
    await this.query(sql, '');
  }

  /** Takes it out of the cluster's network, or lets it back. */
  isolate(isolated: boolean): Promise<void> {
    return this.tell(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=${isolated ? 1 : 0}'`);
  }

  /** Whether it takes statements: it is part of the cluster, and has what the cluster has. */
  answers(): Promise<boolean> {
    const state = `SELECT variable_value AS state FROM information_schema.global_status WHERE variable_name = 'wsrep_ready'`;
    return this.query<{ state: string }>(state, 'mysql').then(
      ([row]) => row?.state === 'ON',
      () => false,
    );
  }
}

/** Starts a cluster of three nodes with one empty database. */
export async function startGalera(): Promise<readonly [GaleraNode, GaleraNode, GaleraNode]> {
  const files = await begunData();
  const first = await freePort();
  const join = async (): Promise<GaleraNode> => GaleraNode.start(files, { first, own: await freePort() });
  const one = await GaleraNode.start(files, { first, own: first });
  // From the same files all three begin at the same point, so that no node has to be sent the whole of another's.
  const [two, three] = await Promise.all([join(), join()]);
  return [one, two, three];
}

/** A data directory that has begun a cluster, and was shut down in good order. */
async function begunData(): Promise<string> {
  return madeOnce(`galera-${await mariadbVersion()}`, async (folder) => {
    const own = await freePort();
    const node = await GaleraNode.start(await emptyData(), { first: own, own });
    await node.query(`CREATE DATABASE "${DATABASE}"`, 'mysql');
    await node.kill('SIGTERM');
    await cp(GaleraNode.dataOf(node), folder, { recursive: true });
    await node.stop();
    for (const file of ['galera.cache', 'gvwstate.dat']) await rm(join(folder, file), { force: true });
  });
}
