import { describe, expect, it } from '@jest/globals';
import { parseUserId } from '@key-connector/common';
import { IssuerUnavailable, KeyNotFetchedYet } from './issuer/issuer.errors.js';
import { tokenFaultOf } from './token-fault.js';
import { ScopeInsufficient, TokenInvalid, TokenMissing } from './token/token.errors.js';

const userId = parseUserId('0b8a5e5c-6b1f-4d0b-9d2a-5f1c2e3d4a5b');

describe('the fault of a token', () => {
  it.each([
    [new TokenInvalid('expired'), { reason: 'expired' }],
    [new TokenMissing(), { reason: 'missing' }],
    [new KeyNotFetchedYet(1), { reason: 'key-not-fetched-yet' }],
    ...(userId === undefined ? [] : [[new ScopeInsufficient('amr', userId), { reason: 'amr', userId }] as const]),
  ])('of %s has its reason', (error, fault) => {
    expect(tokenFaultOf(error)).toEqual(fault);
  });

  it.each([new IssuerUnavailable(), new TypeError('ours'), 'text'])('is none where the token has none: %s', (error) => {
    expect(tokenFaultOf(error)).toBeUndefined();
  });
});
