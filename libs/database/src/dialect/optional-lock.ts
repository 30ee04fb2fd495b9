import { messageOf } from '@key-connector/common';
import { Logger } from '@nestjs/common';

/** What the server said to the attempt, not to the work under the lock. */
class LockRefused extends Error {}

/** Runs the statement that takes the lock; whatever else it throws comes out as it is. */
type Take = <T>(statement: () => Promise<T>) => Promise<T | undefined>;

/**
 * The lock of a database that may have none: Percona XtraDB Cluster refuses GET_LOCK, CockroachDB has no advisory
 * locks. Work then runs without, where the primary keys decide: it must be fit to lose against another replica, and to
 * be run again.
 */
export class OptionalLock {
  private readonly logger = new Logger('DatabaseLock');
  private refused = false;

  constructor(
    private readonly database: string,
    private readonly isRefusal: (error: unknown) => boolean,
  ) {}

  /**
   * Runs work that begins with `take`; once more, without the lock, where the server refuses that. The log says so
   * once.
   */
  async run<T>(work: (take: Take) => Promise<T>): Promise<T> {
    if (this.refused) return work(() => Promise.resolve(undefined));
    try {
      return await work((statement) => this.attempt(statement));
    } catch (error) {
      if (!(error instanceof LockRefused)) throw error;
      this.note(error.message);
      return this.run(work);
    }
  }

  private async attempt<T>(statement: () => Promise<T>): Promise<T> {
    try {
      return await statement();
    } catch (error) {
      throw this.isRefusal(error) ? new LockRefused(messageOf(error)) : error;
    }
  }

  private note(reason: string): void {
    if (!this.refused) {
      const msg = 'The database has no lock for us: migrations and the first data key rest on its primary keys alone';
      this.logger.warn({ msg, database: this.database, reason });
    }
    this.refused = true;
  }
}
