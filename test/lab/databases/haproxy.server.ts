import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempFolder } from '../files/temp-folder.ts';
import { freePort } from '../network/free-port.ts';
import { debianProgram } from '../packages/debian-program.ts';
import { installedTool } from '../packages/tools.ts';
import { Child } from '../processes/child-process.ts';
import { giveTreeToUnprivileged } from '../processes/command-line.ts';
import { queryOnce } from './postgres.client.ts';

/** The program behind `startHaproxy`; for `describeIf`. */
export const haproxyTool = installedTool('haproxy');

/** An HAProxy whose one port leads to the PostgreSQL server that takes writes. */
export interface Haproxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** A message of a client of PostgreSQL as hexadecimal text; the first one has no type. */
function message(type: string, text: string, head: readonly number[] = []): string {
  const body = Buffer.concat([Buffer.from(head), Buffer.from(text)]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]).toString('hex');
}

/** Asks a server the way docs/poolers.md tells operators to; `postgres` may log in without a password. */
const checks = [
  'tcp-check connect',
  // Protocol 3.0.
  `tcp-check send-binary ${message('', 'user\0postgres\0database\0postgres\0\0', [0, 3, 0, 0])}`,
  // ReadyForQuery.
  'tcp-check expect binary 5a0000000549',
  `tcp-check send-binary ${message('Q', 'SELECT pg_is_in_recovery()\0')}`,
  // A row with one column, f.
  'tcp-check expect binary 440000000b00010000000166',
  `tcp-check send-binary ${message('X', '')}`,
];

/** Starts one on 127.0.0.1 and a free port, in front of servers on these ports; call `stop` when done. */
export async function startHaproxy(...servers: readonly number[]): Promise<Haproxy> {
  const folder = await tempFolder('haproxy');
  const file = join(folder.path, 'haproxy.cfg');
  const port = await freePort();
  const lines = [
    ...['global', 'defaults', '  mode tcp', '  timeout connect 2s', '  timeout client 10m', '  timeout server 10m'],
    ...['listen database', `  bind 127.0.0.1:${port}`, '  option tcp-check', ...checks.map((check) => `  ${check}`)],
    '  default-server check inter 200ms fall 2 rise 1 on-marked-down shutdown-sessions',
    ...servers.map((server, n) => `  server s${n} 127.0.0.1:${server}`),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await giveTreeToUnprivileged(folder.path);
  const command = await debianProgram('haproxy', 'usr/sbin/haproxy', ['-db', '-f', file]);
  const child = new Child(...command, { unprivileged: true });
  const address = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
  const leadsToPrimary = (): Promise<boolean> =>
    queryOnce<{ standby: boolean }>(address, 'SELECT pg_is_in_recovery() AS standby').then(
      ([row]) => row?.standby === false,
      () => false,
    );
  // At first it takes every server for good, and goes round them.
  const answers = async (): Promise<boolean> => {
    const answers = [];
    while (answers.length < servers.length) answers.push(await leadsToPrimary());
    return !answers.includes(false);
  };
  await child.until(answers, 'HAProxy leads to a primary');
  return {
    port,
    stop: async () => {
      await child.kill();
      await folder.remove();
    },
  };
}
