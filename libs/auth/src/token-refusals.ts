import { AuditLog, Metrics } from '@key-connector/observability';
import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { KeyNotFetchedYet } from './issuer/issuer.errors.js';
import { ScopeInsufficient, TokenInvalid, TokenMissing } from './token/token.errors.js';

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

  /** Records the error when it is the token's fault, or may be: a key that is not known may be made up. */
  record(refusal: unknown, requestId: string): void {
    if (isOfToken(refusal)) {
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

const isOfToken = (refusal: unknown): refusal is TokenMissing | TokenInvalid | ScopeInsufficient | KeyNotFetchedYet =>
  [TokenMissing, TokenInvalid, ScopeInsufficient, KeyNotFetchedYet].some((kind) => refusal instanceof kind);
