import { AuditLog, Metrics } from '@key-connector/observability';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IssuerUnavailable, KeyNotFetchedYet } from './issuer/issuer.errors.js';
import { TokenRefusals } from './token-refusals.js';
import { TokenInvalid, TokenMissing } from './token/token.errors.js';

describe('token refusals', () => {
  const audit = new AuditLog();
  const record = jest.spyOn(audit, 'record').mockReturnValue(undefined);
  const refusals = new TokenRefusals(audit, new Metrics());

  beforeEach(() => {
    record.mockClear();
  });

  it.each([
    [new TokenInvalid('expired'), 'expired'],
    [new TokenInvalid('issuer'), 'issuer'],
    [new TokenMissing(), 'missing'],
    [new KeyNotFetchedYet(1), 'key-not-fetched-yet'],
  ])('name %s by its reason in the audit log', (error, reason) => {
    refusals.record(error, 'r1');
    expect(record).toHaveBeenCalledWith({ event: 'token', outcome: 'refused', reason, requestId: 'r1' });
  });

  it.each([new IssuerUnavailable(), new TypeError('ours'), 'text'])(
    'leave alone what is not the token’s fault: %s',
    (error) => {
      refusals.record(error, 'r1');
      expect(record).not.toHaveBeenCalled();
    },
  );
});
