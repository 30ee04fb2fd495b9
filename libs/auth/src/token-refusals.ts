import { AuditLog, Metrics } from '@key-connector/observability';
import { Injectable } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { ScopeInsufficient, TokenInvalid, TokenMissing } from './auth.errors.js';

/** Counts and audits refused tokens, and gives the errors of jsonwebtoken our names. */
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

  /** The error to answer with. What is not the token's fault comes back as it is: it must never read as a refusal. */
  record(error: unknown, requestId: string): unknown {
    const refusal = named(error);
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
    return refusal;
  }
}

/** jsonwebtoken's errors by name: the package is passport-jwt's dependency and not ours to import. */
function named(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  switch (error.name) {
    case 'TokenExpiredError':
      return new TokenInvalid('expired');
    case 'NotBeforeError':
      return new TokenInvalid('not-yet-valid');
    case 'JsonWebTokenError':
      return new TokenInvalid(reasonOf(error.message));
    case 'SyntaxError': // claims that are not JSON
      return new TokenInvalid('malformed');
    default:
      return error;
  }
}

function reasonOf(message: string): 'signature' | 'claims' | 'malformed' {
  if (message === 'invalid signature') return 'signature';
  return /^invalid (exp|nbf) value$/.test(message) ? 'claims' : 'malformed';
}
