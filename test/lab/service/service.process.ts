import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { atExit } from '../processes/at-exit.ts';
import { exitOf, isRunning } from '../processes/child-process.ts';
import { freePort } from '../network/free-port.ts';
import { statusOf } from '../network/http-status.ts';
import { type LogLine, LogReader } from './log-reader.ts';
import { tiedToUs } from '../processes/tied-to-us.ts';
import { until } from '../processes/until.ts';

const root = resolve(import.meta.dirname, '../../..');

/** The production build's entry file. */
export const serviceEntry = resolve(root, 'dist/key-connector/apps/key-connector/src/main.js');

/** How to start the service. */
export interface ServiceOptions {
  /** Settings by path, such as `{ http__port: '5000' }`; host, port and drain delay have defaults for a test. */
  readonly settings: Readonly<Record<string, string>>;
  /** Further environment variables, as they are. */
  readonly env?: Readonly<Record<string, string>>;
  /** `ready` (the default): `/health` answers 200. `live`: it listens. `started`: return at once. */
  readonly waitFor?: 'ready' | 'live' | 'started';
  readonly timeoutMs?: number;
  /** Another copy of the production build than this repository's own. */
  readonly entry?: string;
  /** Also shows what the service prints once it is up, as it comes. */
  readonly showOutput?: NodeJS.WritableStream;
}

/** The built service, running as a process of its own. */
export interface ServiceProcess {
  /** Base URL without a trailing slash; `https:` when the settings give a TLS certificate. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Lines of the log so far, parsed. */
  readonly logs: readonly LogLine[];
  /** Everything the process has printed, standard error too. */
  readonly output: string;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Sends SIGTERM and waits for the end. */
  terminate(): Promise<number | NodeJS.Signals>;
  /** Sends a signal, SIGKILL unless told otherwise, and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** Starts the production build with exactly these settings: nothing of this process' environment but PATH, HOME, TMPDIR. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const { entry = serviceEntry } = options;
  if (!existsSync(entry)) throw new Error('There is no build to test: run "npm run build" first.');
  const settings = {
    http__host: '127.0.0.1',
    http__port: options.settings['http__port'] ?? String(await freePort()),
    http__drainDelaySeconds: '0',
    ...options.settings,
  };
  const child = spawn(...tiedToUs(process.execPath, [entry]), {
    cwd: root,
    env: { ...inherited(), NODE_ENV: 'production', ...options.env, ...prefixed(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const forget = atExit(() => void child.kill('SIGKILL'));
  const service = new RunningService(child, settings);
  void service.exited.finally(forget);
  await waitFor(service, child, options);
  if (options.showOutput !== undefined) {
    child.stdout.pipe(options.showOutput, { end: false });
    child.stderr.pipe(options.showOutput, { end: false });
  }
  return service;
}

class RunningService implements ServiceProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<number | NodeJS.Signals>;
  private readonly child: ChildProcess;
  private readonly reader = new LogReader();

  constructor(child: ChildProcess, settings: Readonly<Record<string, string>>) {
    const protocol = settings['http__tlsCertificatePath'] === undefined ? 'http' : 'https';
    this.child = child;
    this.port = Number(settings['http__port']);
    this.url = `${protocol}://localhost:${this.port}`.replace('http://localhost', 'http://127.0.0.1');
    this.pid = child.pid ?? 0;
    this.exited = exitOf(child);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.reader.add(text);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.reader.addText(text);
    });
  }

  get logs(): readonly LogLine[] {
    return this.reader.lines;
  }

  get output(): string {
    return this.reader.text;
  }

  terminate(): Promise<number | NodeJS.Signals> {
    return this.kill('SIGTERM');
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.exited;
  }
}

async function waitFor(service: RunningService, child: ChildProcess, options: ServiceOptions): Promise<void> {
  const { waitFor: goal = 'ready', timeoutMs = 30_000 } = options;
  if (goal === 'started') return;
  const path = goal === 'ready' ? '/health' : '/alive';
  const base = service.url + (options.settings['http__basePath'] ?? '');
  const ended = (): boolean => !isRunning(child);
  await until(
    async () => ended() || (await statusOf(base + path)) === 200,
    () => `${path} answers 200. The service said:\n${service.output}`,
    timeoutMs,
  ).catch(async (error: unknown) => {
    await service.kill();
    throw error;
  });
  if (ended()) throw new Error(`The service ended with ${await service.exited}:\n${service.output}`);
}

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function prefixed(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([path, value]) => [`keyConnectorSettings__${path}`, value]));
}
