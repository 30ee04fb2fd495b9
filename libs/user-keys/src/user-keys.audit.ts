import { KeyConnectorError, type UserId } from '@key-connector/common';
import { AuditLog, type AuditEvent } from '@key-connector/observability';
import { Injectable } from '@nestjs/common';

/** Leaves a line for every attempt to write a key, however it ends. */
@Injectable()
export class UserKeysAudit {
  constructor(private readonly log: AuditLog) {}

  /** Runs a write and records who tried it, in which request, and what came of it. */
  async record(
    event: AuditEvent['event'],
    userId: UserId,
    requestId: string,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
      this.log.record({ event, outcome: 'done', userId, requestId });
    } catch (error) {
      const reason = error instanceof KeyConnectorError ? error.code : 'INTERNAL';
      const outcome = reason.startsWith('USER_KEY_') ? 'refused' : 'failed';
      this.log.record({ event, outcome, userId, requestId, reason });
      throw error;
    }
  }
}
