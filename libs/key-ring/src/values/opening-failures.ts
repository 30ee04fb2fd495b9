import type { UserId } from '@key-connector/common';
import { Metrics } from '@key-connector/observability';
import { Injectable, Logger } from '@nestjs/common';
import { UserKeyUnreadable } from '../key-ring.errors.js';
import { OpeningFailure, type OpeningFailureReason } from './opening-failure.js';

/** Counts and logs each value that does not open; callers only learn that it does not. */
@Injectable()
export class OpeningFailures {
  private readonly logger = new Logger('KeyRing');
  private readonly counter;

  constructor(metrics: Metrics) {
    this.counter = metrics.counter<'reason'>({
      name: 'key_connector_user_key_open_failures_total',
      help: 'Stored user keys that did not open: damaged, moved to another user, or replaced. Alert on any.',
      labelNames: ['reason'],
    });
  }

  /** Takes note of an OpeningFailure and gives the error for the caller; any other error is a bug and thrown on. */
  report(userId: UserId, error: unknown): UserKeyUnreadable {
    if (!(error instanceof OpeningFailure)) throw error;
    this.count(userId, error.reason);
    return new UserKeyUnreadable();
  }

  private count(userId: UserId, reason: OpeningFailureReason): void {
    this.counter.inc({ reason });
    this.logger.error({ msg: 'a stored user key does not open', userId, reason });
  }
}
