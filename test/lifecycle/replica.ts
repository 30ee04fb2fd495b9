import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { exitOf } from '../support/child-process.js';
import type { ReplicaOrder, ReplicaReport } from './replica.worker.js';

/** A replica in a process of its own, see replica.worker.ts. */
export class Replica {
  private constructor(private readonly child: ChildProcess) {}

  static async launch(): Promise<Replica> {
    const worker = fileURLToPath(new URL('./replica.worker.ts', import.meta.url));
    const { PATH = '', HOME = '' } = process.env;
    const child = fork(worker, { execArgv: [], env: { PATH, HOME, NODE_ENV: 'production' } });
    await once(child, 'message');
    return new Replica(child);
  }

  /** Boots to the end and gives the base URL. */
  async start(settings: Readonly<Record<string, string>>): Promise<string> {
    const environment = Object.entries(settings).map(([path, value]) => [`keyConnectorSettings__${path}`, value]);
    const report = await this.order({ start: Object.fromEntries(environment) as Record<string, string> });
    if (typeof report === 'object' && 'url' in report) return report.url;
    throw new Error(`A replica did not start: ${typeof report === 'object' ? report.error : report}`);
  }

  /** Closes the service; the process stays for the next start. */
  async stop(): Promise<void> {
    await this.order('stop');
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await exitOf(this.child);
  }

  private async order(order: ReplicaOrder): Promise<ReplicaReport> {
    const report = once(this.child, 'message') as Promise<[ReplicaReport]>;
    this.child.send(order);
    return (await report)[0];
  }
}
