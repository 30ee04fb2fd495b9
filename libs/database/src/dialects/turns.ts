import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * One piece of work at a time, in the order of asking. Work that asks again from inside its own turn goes on at once.
 *
 * For a database with one connection for all: without turns, a statement could slip into another one's transaction and
 * be rolled back with it.
 */
export class Turns {
  private readonly inside = new AsyncLocalStorage<true>();
  private last: Promise<unknown> = Promise.resolve();

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside.getStore()) return work();
    const turn = this.last.then(() => this.inside.run(true, work));
    // The next one in line waits for the end of this turn, good or bad; the error goes to this caller only.
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
