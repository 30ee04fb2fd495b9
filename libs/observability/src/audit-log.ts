import { Injectable, Logger } from '@nestjs/common';

/** What was done to a member's key. Its line is never left out of the log while requests are acknowledged. */
export type KeyEvent = 'user-key.create' | 'user-key.replace';

/** Who did what to which member's key, and how it ended; never the key. */
export interface AuditEvent {
  /** `user-key.replaced` beside `user-key.replace`: what was there was another key. */
  readonly event: KeyEvent | 'user-key.replaced' | 'token' | 'request' | 'ring';
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly userId?: string;
  readonly requestId?: string;
  /** Why it was refused or failed: a stable code or a few words. */
  readonly reason?: string;
}

/** Writes audit events as log lines with `"context":"Audit"`, so that a collector can tell them from the rest. */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger('Audit');

  record(event: AuditEvent): void {
    this.logger.log({ msg: `${event.event} ${event.outcome}`, ...event });
  }
}
