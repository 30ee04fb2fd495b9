import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, parseUserId } from '@key-connector/common';
import { Database, UserKeyHistory } from '@key-connector/database';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { KeptKeys } from './kept-keys.js';

const dayMilliseconds = 86_400_000;
const hourMilliseconds = 3_600_000;

/** Rows in one statement, and how long the next one waits: neither a lock nor a log of the database grows by it. */
const batchSize = 500;
const pauseMilliseconds = 200;

/** How far the database's clock may be from ours: one that jumped ahead by years would end what is kept at once. */
const mostApart = 600_000;

/** Nobody's: only the clock is asked for. */
const nobody = parseUserId('00000000-0000-0000-0000-000000000000');

/**
 * Removes replaced keys once their days are over, by the database's clock, off the way of every request. Each replica
 * does it once an hour, at a minute of its own; two at once remove the same rows, and do no harm.
 */
@Injectable()
export class HistorySweeper implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(HistorySweeper.name);
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();
  private warned = false;

  constructor(
    private readonly database: Database,
    private readonly history: UserKeyHistory,
    private readonly kept: KeptKeys,
  ) {}

  onModuleInit(): void {
    if (this.kept.days > 0) this.schedule();
  }

  /** Before the pool closes: Nest stops a module before those that it imports. */
  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort();
    await this.sweeping;
  }

  /** Removes what is over now; returns how many rows. Nothing while the clocks differ by ten minutes or more. */
  async sweep(): Promise<number> {
    for (let removed = 0; ;) {
      const clock = await this.clock();
      if (clock === undefined || this.stopping.signal.aborted) return removed;
      const until = new Date(clock - this.kept.days * dayMilliseconds);
      const over = await this.database.read(({ manager }) => this.history.replacedBefore(manager, until, batchSize));
      if (over.length === 0) return removed;
      await this.database.write(({ manager }) => this.history.remove(manager, over));
      removed += over.length;
      await sleep(pauseMilliseconds, undefined, { ref: false });
    }
  }

  private schedule(): void {
    const wait = hourMilliseconds * (0.5 + Math.random());
    this.timer = setTimeout(() => {
      this.sweeping = this.sweepQuietly().finally(() => {
        if (!this.stopping.signal.aborted) this.schedule();
      });
    }, wait).unref();
  }

  private async sweepQuietly(): Promise<void> {
    try {
      const removed = await this.sweep();
      if (removed > 0)
        this.logger.log({ msg: 'removed replaced keys whose days are over', removed, days: this.kept.days });
    } catch (error) {
      this.logger.warn({ msg: 'replaced keys whose days are over were not removed', error: messageOf(error) });
    }
  }

  private async clock(): Promise<number | undefined> {
    const { clock } = await this.database.read(({ userKeys }) =>
      userKeys.look(nobody === undefined ? [] : [nobody], 0),
    );
    const apart = Math.abs(clock - Date.now());
    if (apart < mostApart) {
      this.warned = false;
      return clock;
    }
    if (!this.warned) {
      const msg =
        'The clocks of the database and of this host differ by ten minutes or more: no replaced key is removed';
      this.logger.warn({ msg, secondsApart: Math.round(apart / 1000) });
    }
    this.warned = true;
    return undefined;
  }
}
