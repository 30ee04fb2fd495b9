import { messageOf, UnavailableError, type UserId } from '@key-connector/common';
import { type Access, Database, type FoundUserKey } from '@key-connector/database';
import { Metrics } from '@key-connector/observability';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { USER_KEYS_SETTINGS } from './user-keys.module-definition.js';
import type { UserKeysSettings } from './user-keys.settings.js';

/**
 * Flush interval while writing fails: each try can cost a database in trouble a connection, or a search for another.
 */
const failingMilliseconds = 1000;

/** Members in memory at most; a date beyond it is dropped and counted. About 10 MB. */
const maxEntries = 100_000;

/**
 * Writes LastAccessDate behind the reads, for members whose stored date no longer stands: when a statement is full, at
 * the latest at the end of a flush interval, and at shutdown. The date of all members of a flush is its time, so one
 * cheap statement does for many of them. While nobody is due there is no timer and no statement.
 *
 * What was written when, the rows themselves say, to all replicas and after a restart. The date is the only thing lost
 * in a failure; a read never waits for it and never fails by it.
 */
@Injectable()
export class AccessRecorder implements OnApplicationShutdown {
  private readonly logger = new Logger(AccessRecorder.name);
  private readonly failures;
  private served = new Set<UserId>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private flushes = 0;
  private failing = false;

  constructor(
    private readonly database: Database,
    metrics: Metrics,
    @Inject(USER_KEYS_SETTINGS) private readonly settings: UserKeysSettings,
  ) {
    this.failures = metrics.counter({
      name: 'key_connector_access_date_failures_total',
      help: 'Last-access dates that could not be written.',
    });
  }

  /** The access for which a read asks whether dates stand; `undefined` where every read is noted, or none. */
  now(): Access | undefined {
    const { recordAccessDates, accessResolutionSeconds } = this.settings;
    return recordAccessDates && accessResolutionSeconds > 0 ? this.access : undefined;
  }

  /** Notes that a member was served, unless the date of the row stands. */
  record({ id, dateStands = false }: FoundUserKey): void {
    if (dateStands || !this.settings.recordAccessDates) return;
    if (this.served.size >= maxEntries && !this.served.has(id)) {
      this.failures.inc();
      return;
    }
    this.served.add(id);
    // Full statements follow each other as members come, so that none of them is a burst.
    const isFull = this.served.size >= this.database.maxTouched;
    if (isFull && this.flushes === 0 && !this.failing) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.interval).unref();
  }

  /** Writes what is in memory; resolves when it is written or given up. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    // One after the other: a slow database gets no second flush on top of the first.
    this.flushes += 1;
    this.flushing = this.flushing.then(() => this.write()).finally(() => (this.flushes -= 1));
    return this.flushing;
  }

  /** After the last request and before the pool closes: Nest stops a module before those that it imports. */
  onApplicationShutdown(): Promise<void> {
    return this.flush();
  }

  private get interval(): number {
    return this.failing ? failingMilliseconds : this.settings.accessFlushMilliseconds;
  }

  private get access(): Access {
    return { at: new Date(), resolution: this.settings.accessResolutionSeconds * 1000 };
  }

  private async write(): Promise<void> {
    const ids = [...this.served];
    const { access } = this;
    this.served = new Set();
    const { maxTouched } = this.database;
    for (let start = 0; start < ids.length; start += maxTouched) {
      const chunk = ids.slice(start, start + maxTouched);
      try {
        await this.database.write(({ userKeys }) => userKeys.touch(chunk, access));
        this.succeeded();
      } catch (error) {
        // A database that is away would make each further chunk wait for its own deadline, at shutdown too.
        const away = error instanceof UnavailableError;
        this.failed(error, away ? ids.length - start : chunk.length);
        if (away) return;
      }
    }
  }

  private succeeded(): void {
    if (this.failing) this.logger.log({ msg: 'Last-access dates are written again' });
    this.failing = false;
  }

  private failed(error: unknown, count: number): void {
    this.failures.inc(count);
    // Once an outage, not once a flush.
    const reason = messageOf(error);
    if (!this.failing) this.logger.warn({ msg: 'Last-access dates could not be written', error: reason });
    this.failing = true;
  }
}
