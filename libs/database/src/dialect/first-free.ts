import { Logger } from '@nestjs/common';

/** How long no further connection is asked for, once the server had no room for one. */
const pauseMilliseconds = 10_000;

const countMilliseconds = 1000;

type Handover<Taken> = (error: Error | null | undefined, taken?: Taken) => void;

/** A driver's pool, as far as handing out goes. */
export interface Places<Taken> {
  /** The driver's own way: an idle connection, or a new one, or a wait where the pool is full. */
  take(handover: Handover<Taken>): void;
  /** Puts a connection that nobody waits for any more into the pool. */
  giveBack(taken: Taken): void;
  /** Connections that were opened and are there, in use or idle. */
  open(): number;
  /** Those of them that are idle. */
  idle(): number;
  /** Whether the server refused a connection because it has enough of them, be it from us or from all. */
  refusedForRoom(error: Error): boolean;
}

interface Waiter<Taken> {
  readonly handover: Handover<Taken>;
  readonly deadline: NodeJS.Timeout;
}

/** One connection that the driver was asked for, and the caller who fails when it cannot be had. */
interface Ask<Taken> {
  owner: Waiter<Taken>;
}

/** Tells an operator, once, that the database gives fewer connections than the pool may have. */
export class Shortage {
  private readonly logger = new Logger('DatabasePool');
  private told = false;

  constructor(
    private readonly size: number,
    private readonly open: () => number,
  ) {}

  /**
   * Of many that are opened at once, the refused ones are known first: how many there are is looked at a moment later.
   */
  note({ message: error }: { readonly message: string }): void {
    if (this.told) return;
    this.told = true;
    setTimeout(() => {
      const open = this.open();
      const msg =
        `The database gives this replica ${open} connections now, and its pool may have ${this.size}: requests wait for a free one. ` +
        'Set Maximum Pool Size in the connection string to what this login may have, divided by the replicas, or let it have more.';
      this.logger.warn({ msg, error });
    }, countMilliseconds).unref();
  }
}

/**
 * Gives each caller the first connection that there is. A driver's pool ties a caller to the connection that it opens:
 * where the server, or a pooler, gives fewer than the pool may have, that caller would fail, or wait for a login that
 * is never answered, while others come back every few milliseconds.
 */
export class FirstFree<Taken> {
  private readonly shortage: Shortage;
  private readonly waiting = new Set<Waiter<Taken>>();
  private readonly asks = new Set<Ask<Taken>>();
  /** Idle connections that are being handed over. */
  private promised = 0;
  private noRoomUntil = -Infinity;
  private given = 0;

  constructor(
    private readonly places: Places<Taken>,
    private readonly size: number,
    private readonly acquireMilliseconds: number,
  ) {
    this.shortage = new Shortage(size, () => places.open());
  }

  /** Hands a connection over, or the error of the one that was asked for; fails at the acquire deadline. */
  take(handover: Handover<Taken>): void {
    if (this.waiting.size === 0 && this.hasIdle) {
      this.promised += 1;
      this.places.take((error, taken) => {
        this.promised -= 1;
        this.given += 1;
        handover(error, taken);
      });
      return;
    }
    const waiter: Waiter<Taken> = {
      handover,
      deadline: setTimeout(() => {
        this.settle(waiter, waitedTooLong('a connection'));
      }, this.acquireMilliseconds).unref(),
    };
    this.waiting.add(waiter);
    if (this.mayAsk) this.ask(waiter);
  }

  /** To be called when a connection has come back, or is gone: somebody may be waiting for its place. */
  freed(): void {
    const [first] = this.waiting;
    if (first === undefined) return;
    // Of those who wait, some have no connection on its way, where there was no room; none needs two but an idle one.
    if (this.hasIdle || (this.asks.size < this.waiting.size && this.mayAsk)) this.ask(first);
  }

  /** Whether anybody waits. */
  get waited(): boolean {
    return this.waiting.size > 0;
  }

  private get hasIdle(): boolean {
    return this.places.idle() > this.promised;
  }

  private get mayAsk(): boolean {
    return this.hasIdle || this.places.open() === 0 || performance.now() >= this.noRoomUntil;
  }

  private ask(owner: Waiter<Taken>): void {
    const ask = { owner };
    const { given } = this;
    const promised = this.hasIdle ? 1 : 0;
    this.promised += promised;
    this.asks.add(ask);
    this.places.take((error, taken) => {
      this.promised -= promised;
      this.asks.delete(ask);
      if (taken !== undefined) this.give(taken, ask);
      else this.fail(error ?? new Error('The pool gave no connection.'), ask.owner, this.given > given);
    });
  }

  private give(taken: Taken, { owner }: Ask<Taken>): void {
    this.given += 1;
    const [first] = this.waiting;
    if (first === undefined) {
      // Not at once: the driver would hand it to the next of those that nobody waits for, call inside of call.
      setImmediate(() => {
        this.places.giveBack(taken);
      });
      return;
    }
    // Who is served by another one's connection leaves him his own.
    for (const ask of this.asks) if (ask.owner === first) ask.owner = owner;
    this.settle(first, null, taken);
  }

  /** `others`: whether connections went round meanwhile, so that a login without an answer is for lack of room too. */
  private fail(error: Error, owner: Waiter<Taken>, others: boolean): void {
    const open = this.places.open();
    const unanswered = others && open < this.size && /timeout/i.test(error.message);
    const noRoom = open > 0 && (unanswered || this.places.refusedForRoom(error));
    if (noRoom) {
      this.noRoomUntil = performance.now() + pauseMilliseconds;
      this.shortage.note(error);
    } else if (this.waiting.has(owner)) {
      this.settle(owner, error);
    }
  }

  private settle(waiter: Waiter<Taken>, error: Error | null, taken?: Taken): void {
    clearTimeout(waiter.deadline);
    this.waiting.delete(waiter);
    waiter.handover(error, taken);
  }
}

/** The error of a wait that ended at its deadline, as the network's own are told. */
export const waitedTooLong = (what: string): Error =>
  Object.assign(new Error(`timeout exceeded when waiting for ${what}`), { code: 'ETIMEDOUT' });
