import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tiedToUs } from '../processes/command-line.ts';
import type { ReplicaOrder, ReplicaReport } from './replica-main.ts';
import { productionEnvironment } from './service.process.ts';

/** A replica in a process of its own, see replica-main.ts. */
export class Replica {
  private constructor(private readonly child: ChildProcess) {}

  static async launch(): Promise<Replica> {
    const worker = fileURLToPath(new URL('./replica-main.ts', import.meta.url));
    const [execPath, execArgv] = tiedToUs(process.execPath, []);
    const child = fork(worker, { execPath, execArgv, env: productionEnvironment({}) });
    const replica = new Replica(child);
    await replica.report();
    return replica;
  }

  /** Boots to the end and gives the base URL. */
  async start(settings: Readonly<Record<string, string>>): Promise<string> {
    const report = await this.order({ start: productionEnvironment(settings) });
    if (typeof report === 'object' && 'url' in report) return report.url;
    throw new Error(`A replica did not start: ${typeof report === 'object' ? report.error : report}`);
  }

  /** Closes the service; the process stays for the next start. */
  async stop(): Promise<void> {
    await this.order('stop');
  }

  async end(): Promise<void> {
    if (this.ended) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private async order(order: ReplicaOrder): Promise<ReplicaReport> {
    const report = this.report();
    // A process that is gone takes no message; its end is what the report rejects with.
    this.child.send(order, () => undefined);
    return report;
  }

  /** The next thing it says; rejects when it ends first. */
  private async report(): Promise<ReplicaReport> {
    const waiting = new AbortController();
    const said = once(this.child, 'message', { signal: waiting.signal }) as Promise<[ReplicaReport]>;
    const ended = once(this.child, 'exit', { signal: waiting.signal }).then(([code, signal]) => {
      throw new Error(`A replica ended with ${String(code ?? signal)} before it reported.`);
    });
    try {
      if (this.ended) throw new Error('The replica has ended.');
      return (await Promise.race([said, ended]))[0];
    } finally {
      waiting.abort();
      // Both were told to stop waiting; nobody listens for how they take it.
      await Promise.allSettled([said, ended]);
    }
  }
}
