import { AuditLog, Metrics } from '@key-connector/observability';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IssuerUnavailable, TokenInvalid, TokenMissing } from './auth.errors.js';
import { TokenRefusals } from './token-refusals.js';

const named = (name: string, message = ''): Error => Object.assign(new Error(message), { name });

describe('token refusals', () => {
  const audit = new AuditLog();
  const record = jest.spyOn(audit, 'record').mockReturnValue(undefined);
  const refusals = new TokenRefusals(audit, new Metrics());

  beforeEach(() => {
    record.mockClear();
  });

  it.each([
    [named('TokenExpiredError'), 'expired'],
    [named('NotBeforeError'), 'not-yet-valid'],
    [named('JsonWebTokenError', 'invalid signature'), 'signature'],
    [named('JsonWebTokenError', 'invalid exp value'), 'claims'],
    [named('JsonWebTokenError', 'jwt malformed'), 'malformed'],
    [named('SyntaxError'), 'malformed'],
    [new TokenInvalid('issuer'), 'issuer'],
    [new TokenMissing(), 'missing'],
  ])('name %s by its reason, in the answer and the audit log', (error, reason) => {
    expect(refusals.record(error, 'r1')).toMatchObject({ reason });
    expect(record).toHaveBeenCalledWith({ event: 'token', outcome: 'refused', reason, requestId: 'r1' });
  });

  it.each([new IssuerUnavailable(), new TypeError('ours'), 'text'])(
    'leave alone what is not the token’s fault: %s',
    (error) => {
      expect(refusals.record(error, 'r1')).toBe(error);
      expect(record).not.toHaveBeenCalled();
    },
  );
});
