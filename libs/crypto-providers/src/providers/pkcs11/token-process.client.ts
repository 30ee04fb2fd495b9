import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
// Nothing imports what is started as a process of its own: this makes the build include it.
import type {} from './token-process/main.js';
import { type Secret, timerMilliseconds } from '@key-connector/common';
import {
  type FoundKey,
  type HashName,
  type Order,
  type Response,
  TokenError,
  type TokenErrorKind,
  type TokenOrder,
} from './token-protocol.js';

/** Where the private key is, and how to get at it. */
export interface Pkcs11TokenSettings extends Omit<TokenOrder, 'pin'> {
  readonly pin: Secret | undefined;
}

/** How to start the process that loads the module. */
export interface LaunchOptions {
  /** Its whole environment; without one, ours: modules have variables of their own, such as SOFTHSM2_CONF. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** How long it may say nothing while it has something to do, in milliseconds. */
  readonly silenceMs: number;
}

interface Waiting {
  readonly resolve: (result: FoundKey | Uint8Array) => void;
  readonly reject: (error: TokenError) => void;
}

const entry = fileURLToPath(new URL(`./token-process/main${extname(import.meta.url)}`, import.meta.url));

/** What the process itself takes to start on a busy machine, at most, in milliseconds; no fault of the module. */
const startMs = 5_000;

/** What closing the token may take, in milliseconds; the service that stops waits for it. */
const endMs = 2_000;

/**
 * A process of ours that has the PKCS#11 module loaded. It is killed when it says nothing for too long: nothing else
 * stops a module that hangs. It does not keep this process alive, and ends with it.
 */
export class TokenProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private readonly silenceMs: number;
  private patienceMs: number;
  private next = 0;
  private watchdog: NodeJS.Timeout | undefined;

  constructor({ environment, silenceMs }: LaunchOptions) {
    this.silenceMs = silenceMs;
    this.patienceMs = startMs + silenceMs;
    this.child = fork(entry, {
      // Keeps buffers as they are; JSON would write keys out as text.
      serialization: 'advanced',
      // What modules print on standard output is not ours to show.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--max-old-space-size=64', '--disable-sigusr1'],
      ...(environment && { env: environment }),
    });
    this.child.unref();
    this.child.channel?.unref();
    this.child.on('message', (response: Response) => {
      this.take(response);
    });
    this.child.on('error', (error) => {
      this.fail('lost', `the process of the PKCS#11 module failed: ${error.message}`);
    });
    // A process that does nothing notices that we end; one whose module hangs does not.
    const killBusy = (): void => {
      if (this.waiting.size > 0) this.child.kill('SIGKILL');
    };
    process.once('exit', killBusy);
    this.child.on('exit', (code, signal) => {
      process.off('exit', killBusy);
      this.fail('lost', `the process of the PKCS#11 module ended with ${signal ?? code ?? 'nothing'}`);
    });
  }

  async open({ pin, ...settings }: Pkcs11TokenSettings): Promise<FoundKey> {
    return (await this.ask({ kind: 'open', ...settings, pin: pin?.reveal() })) as FoundKey;
  }

  async decrypt(hash: HashName, ciphertext: Uint8Array): Promise<Uint8Array> {
    return (await this.ask({ kind: 'decrypt', hash, ciphertext })) as Uint8Array;
  }

  /** Lets the process close the token and end; one that does not is killed. */
  async end(): Promise<void> {
    if (!this.child.connected) return;
    const killing = setTimeout(() => this.child.kill('SIGKILL'), endMs);
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
    clearTimeout(killing);
  }

  /** Ends the process; whoever waits for it is told that it is lost. */
  kill(): void {
    this.child.kill('SIGKILL');
    this.fail('lost', 'the process of the PKCS#11 module was stopped');
  }

  private ask(order: Order): Promise<FoundKey | Uint8Array> {
    return new Promise((resolve, reject) => {
      const number = this.next++;
      this.waiting.set(number, { resolve, reject });
      if (this.waiting.size === 1) this.watch();
      if (!this.child.connected) {
        this.fail('lost', 'the process of the PKCS#11 module has ended');
        return;
      }
      // A process that is gone takes no message; its end tells whoever waits.
      this.child.send({ number, order }, () => undefined);
    });
  }

  private take(response: Response): void {
    const waiting = this.waiting.get(response.number);
    this.waiting.delete(response.number);
    this.patienceMs = this.silenceMs;
    this.watch();
    if ('error' in response) waiting?.reject(new TokenError(response.error.kind, response.error.message));
    else waiting?.resolve(response.result);
  }

  /** Starts to wait for the next sign of life, as long as anybody waits for an answer. */
  private watch(): void {
    clearTimeout(this.watchdog);
    if (this.waiting.size === 0) return;
    this.watchdog = setTimeout(() => {
      this.child.kill('SIGKILL');
      const seconds = this.patienceMs / 1000;
      this.fail('silent', `the PKCS#11 module has not answered for ${seconds} s and was stopped`);
    }, timerMilliseconds(this.patienceMs));
  }

  private fail(kind: TokenErrorKind, message: string): void {
    clearTimeout(this.watchdog);
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of all) reject(new TokenError(kind, message));
  }
}
