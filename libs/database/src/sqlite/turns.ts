import { AsyncLocalStorage } from 'node:async_hooks';

interface Turn {
  over: boolean;
}

/**
 * One piece of work at a time, in the order of asking. Work that asks again from inside its own turn goes on at once.
 *
 * For a database with one connection for all: without turns, a statement could slip into another one's transaction and
 * be rolled back with it.
 */
export class Turns {
  private readonly current = new AsyncLocalStorage<Turn>();
  private last: Promise<unknown> = Promise.resolve();

  async take<T>(work: () => Promise<T>): Promise<T> {
    // What a turn started and left running (a timer, say) still sees its store; it has to queue again.
    if (this.current.getStore()?.over === false) return work();
    const turn: Turn = { over: false };
    const done = this.last.then(() => this.current.run(turn, work)).finally(() => (turn.over = true));
    // The next one in line waits for the end of this turn, good or bad; the error goes to this caller only.
    this.last = done.catch(() => undefined);
    return done;
  }
}
