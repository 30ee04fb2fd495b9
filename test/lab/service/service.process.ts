import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { freePort } from '../network/free-port.ts';
import { statusOf } from '../network/http-call.ts';
import { Child, type Ending, type Outcome, outcomeOf } from '../processes/child-process.ts';
import { type LogLine, LogReader } from './log-reader.ts';

const root = resolve(import.meta.dirname, '../../..');

/** A folder with what an image ships, started in place of the build; jest.config.js says which, blank is none. */
const bundle = process.env['TEST_BUNDLE'] ?? '';

/** The service as `npm start` runs it, each package in files of its own. */
export const unbundledService = resolve(root, 'dist/key-connector/apps/key-connector/src/main.js');

/** The commands as "npm run key-connector" runs them. */
export const unbundledCommands = resolve(root, 'dist/cli/apps/cli/src/main.js');

/** The production build's entry file. */
export const serviceEntry = bundle === '' ? unbundledService : resolve(bundle, 'service.js');

/** The production build of the commands. */
export const cliEntry = bundle === '' ? resolve(root, 'dist/cli/apps/cli/src/main.js') : resolve(bundle, 'commands.js');

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
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  /** Also gets what the service prints once it is up, as it comes. */
  readonly showOutput?: NodeJS.WritableStream;
  /** Gets all that the service prints, so that reading it costs this process nothing; `logs` then stays empty. */
  readonly logFile?: string;
  /** How often it is asked whether it is ready. */
  readonly pollMs?: number;
  /**
   * Starts it in another way than by this Node, in a container for instance; gets the environment that it is to have.
   */
  readonly launch?: Launch;
}

/** A command line that starts the service with these variables. */
export type Launch = (environment: Readonly<Record<string, string>>) => {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
};

/** The built service, running as a process of its own. */
export class ServiceProcess {
  /** Base URL without a trailing slash; `https:` when the settings give a TLS certificate. */
  readonly url: string;
  readonly port: number;
  readonly process: Child;
  /** Also gets what the service prints from now on. */
  shownOn: NodeJS.WritableStream | undefined;
  private readonly reader = new LogReader();

  /** Starts it; `startService` also waits. */
  constructor(settings: Readonly<Record<string, string>>, options: ServiceOptions) {
    const { env, nodeOptions = [], entry = serviceEntry, logFile } = options;
    if (!existsSync(entry)) throw new Error('There is no build to test: run "npm run build" first.');
    const protocol = settings['http__tlsCertificatePath'] === undefined ? 'http' : 'https';
    this.port = Number(settings['http__port']);
    this.url = `${protocol}://localhost:${this.port}`.replace('http://localhost', 'http://127.0.0.1');
    const environment = { ...productionEnvironment(settings), ...env };
    const { program, args, ...how } = options.launch?.(environment) ?? {
      program: process.execPath,
      args: [...nodeOptions, entry],
      env: environment,
    };
    this.process = new Child(program, args, {
      cwd: root,
      env: how.env,
      listen: (text, stream) => {
        if (stream === 'stdout') this.reader.add(text);
        this.shownOn?.write(text);
      },
      ...(logFile !== undefined && { logFile }),
    });
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Lines of the log so far, parsed. */
  get logs(): readonly LogLine[] {
    return this.reader.lines;
  }

  /** Everything the process has printed, standard error too. */
  get output(): string {
    return this.process.output;
  }

  /** Resolves with the exit code, or the signal's name. */
  get exited(): Promise<Ending> {
    return this.process.exited;
  }

  /** Sends SIGTERM and waits for the end. */
  terminate(): Promise<Ending> {
    return this.kill('SIGTERM');
  }

  /** Sends a signal, SIGKILL unless told otherwise, and waits for the end. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending> {
    return this.process.kill(signal);
  }
}

/**
 * Starts the production build with exactly these settings: nothing of this process' environment but PATH, HOME, TMPDIR.
 */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const settings = {
    http__host: '127.0.0.1',
    http__port: options.settings['http__port'] ?? String(await freePort()),
    http__drainDelaySeconds: '0',
    ...options.settings,
  };
  const service = new ServiceProcess(settings, options);
  const { waitFor = 'ready', timeoutMs, pollMs } = options;
  if (waitFor === 'started') return service;
  const path = waitFor === 'ready' ? '/health' : '/alive';
  const url = service.url + (options.settings['http__basePath'] ?? '') + path;
  const answers = async (): Promise<boolean> => (await statusOf(url)) === 200;
  await service.process.until(answers, `${path} of the service answers 200`, timeoutMs, pollMs);
  service.shownOn = options.showOutput;
  return service;
}

/**
 * The environment of a production process with these settings, and nothing of this process' own but what it needs to
 * run.
 */
export function productionEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = ['PATH', 'HOME', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const given = Object.entries(settings).map(([path, value]) => [`keyConnectorSettings__${path}`, value] as const);
  return Object.fromEntries([...inherited, ['NODE_ENV', 'production'], ...given]);
}

/** Runs `key-connector <args>` of the production build to its end, with exactly these settings (path → value). */
export async function runCli(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<Outcome> {
  if (!existsSync(cliEntry)) throw new Error('There is no build to test: run "npm run build" first.');
  return outcomeOf(process.execPath, [cliEntry, ...args], { env: productionEnvironment(settings) });
}
