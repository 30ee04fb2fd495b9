import { AuditLog, Metrics } from '@key-connector/observability';
import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { ScopeInsufficient, TokenInvalid, TokenMissing } from './auth.errors.js';

/** Counts and audits refused tokens. */
@Injectable()
export class TokenRefusals {
  private readonly refusals: Counter<'reason'>;

  constructor(
    private readonly audit: AuditLog,
    metrics: Metrics,
  ) {
    this.refusals = metrics.counter({
      name: 'key_connector_token_refusals_total',
      help: 'Requests refused for their access token, by reason.',
      labelNames: ['reason'],
    });
  }

  /** Records the error when it is the token's fault. */
  record(refusal: unknown, requestId: string): void {
    if (refusal instanceof TokenMissing || refusal instanceof TokenInvalid || refusal instanceof ScopeInsufficient) {
      const { reason } = refusal;
      this.refusals.inc({ reason });
      this.audit.record({
        event: 'token',
        outcome: 'refused',
        reason,
        requestId,
        ...(refusal instanceof ScopeInsufficient && { userId: refusal.userId }),
      });
    }
  }
}
