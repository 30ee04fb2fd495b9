import { Injectable } from '@nestjs/common';
import { Interrupted } from './command.errors.js';
import { exitCodes } from './exit-codes.js';
import { Output } from './output.js';

/** Ctrl-C, and what stops a container or a job. */
const signals = ['SIGINT', 'SIGTERM'] as const;

/** Lets a person stop long work without breaking it. */
@Injectable()
export class Interruption {
  constructor(private readonly output: Output) {}

  /**
   * Does work that can be stopped: the first Ctrl-C aborts the signal that it gets, a second one ends the process at
   * once. Work that heeds the signal ends its step and calls `signal.throwIfAborted()`; what it then throws becomes
   * {@link Interrupted}. Work that was done by then is done, and nothing is thrown.
   *
   * @param next what the operator is told when it was stopped: what is done, and how to go on.
   *
   * @example
   * await interruption.during(
   *   async (signal) => {
   *     for await (const batch of batches) {
   *       signal.throwIfAborted();
   *       await sealAnew(batch);
   *     }
   *   },
   *   'What was sealed anew stays so; run the command again to go on.',
   * );
   */
  async during<T>(work: (signal: AbortSignal) => Promise<T>, next: string): Promise<T> {
    const controller = new AbortController();
    const stop = (): void => {
      // Every command can be killed at any moment: that costs no more than the step at hand.
      if (controller.signal.aborted) process.exit(exitCodes.interrupted);
      this.output.note('\nStopping after the step at hand. Ctrl-C again ends at once.');
      controller.abort(new Interrupted(next));
    };
    for (const signal of signals) process.on(signal, stop);
    try {
      return await work(controller.signal);
    } catch (error) {
      throw controller.signal.aborted && isAbort(error) ? controller.signal.reason : error;
    } finally {
      for (const signal of signals) process.off(signal, stop);
    }
  }
}

/** Thrown by the work itself, or by what of Node or of a library took the signal. */
const isAbort = (error: unknown): boolean =>
  error instanceof Interrupted || (error as Partial<Error> | undefined)?.name === 'AbortError';
