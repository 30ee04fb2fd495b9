import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';

import { choice, flag, integer, list, secret, secureUri, serverUri, text, uri } from './settings-fields.js';

const rulesOf = (field: z.ZodType, value: unknown): string[] =>
  field.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

const noUser =
  'must hold no user name or password: remove what stands before the @, and change that password ' +
  '(an @ that belongs to the path or query is written %40)';
const noQuery = 'must be the address of a server: remove the ? or # and what follows';

describe('settings fields', () => {
  it.each([
    ['text', text('x'), ' a b ', 'a b'],
    ['serverUri', serverUri('x'), ' https://vault.example/identity', 'https://vault.example/identity'],
    ['secureUri', secureUri('x'), 'https://kms.example', 'https://kms.example'],
    ['secureUri', secureUri('x'), 'http://127.0.0.1:8200', 'http://127.0.0.1:8200'],
    ['secureUri', secureUri('x'), 'http://[::1]:8200', 'http://[::1]:8200'],
    ['flag', flag('x'), ' TRUE ', true],
    ['flag', flag('x'), false, false],
    ['integer', integer('x', { min: 0, max: 10 }), ' 10 ', 10],
    ['integer', integer('x', { min: 0, max: 10 }), 0, 0],
    ['choice', choice('x', ['sqlite', 'boundOnly']), 'BOUNDONLY', 'boundOnly'],
    ['list', list('x'), 'a, b,', ['a', 'b']],
    ['list', list('x'), ['a', ' b '], ['a', 'b']],
  ])('%s reads text and typed values alike (%#)', (_, field, given, expected) => {
    expect(field.parse(given)).toEqual(expected);
  });

  it('secret gives a Secret, blanks and all; uri gives a Uri', () => {
    expect(secret('x').parse(' a b ').reveal()).toBe(' a b ');
    expect(uri('x').parse('https://vault.example?a=b').href).toBe('https://vault.example?a=b');
  });

  it.each([
    ['text', text('x'), ' ', 'must not be blank'],
    ['text', text('x'), 5, 'must be text'],
    ['secret', secret('x'), '', 'must not be empty'],
    ['uri', uri('x'), 'vault.example', 'must be an http(s) URI'],
    ['uri', uri('x'), 'ftp://vault.example', 'must be an http(s) URI'],
    ['uri', uri('x'), 'https://user:hunter2@vault.example', noUser],
    ['uri', uri('x'), 'https://hunter2@vault.example', noUser],
    ['uri', uri('x'), 'https://user:12/hunter2@vault.example', noUser],
    ['uri', uri('x'), 'https://user:12?hunter2@vault.example', noUser],
    ['uri', uri('x'), 'https://user:12#hunter2@vault.example', noUser],
    ['uri', uri('x'), 'https://user:hunter2/x@vault.example', 'must be an http(s) URI'],
    ['serverUri', serverUri('x'), String.raw`https://user:12\hunter2@vault.example`, noUser],
    ['secureUri', secureUri('x'), 'https://user:hunter2@x@vault.example', noUser],
    ['serverUri', serverUri('x'), 'https://user:hunter2@vault.example?a', noUser],
    ['serverUri', serverUri('x'), 'https://vault.example?sig=hunter2', noQuery],
    ['serverUri', serverUri('x'), 'https://vault.example/#hunter2', noQuery],
    ['secureUri', secureUri('x'), 'http://user:hunter2@kms.example', noUser],
    ['secureUri', secureUri('x'), 'http://kms.example', 'must be https (http is for loopback only)'],
    ['secureUri', secureUri('x'), 'http://127.0.0.1.example', 'must be https (http is for loopback only)'],
    ['secureUri', secureUri('x'), 'kms.example', 'must be an http(s) URI'],
    ['flag', flag('x'), 'yes', 'must be true or false'],
    ['integer', integer('x', { min: 0, max: 10 }), '1.5', 'must be a whole number'],
    ['integer', integer('x', { min: 0, max: 10 }), '0x5', 'must be a whole number'],
    ['integer', integer('x', { min: 0, max: 10 }), '-1', 'must be at least 0'],
    ['integer', integer('x', { min: 0, max: 10 }), '11', 'must be at most 10'],
    ['choice', choice('x', ['a', 'b']), 'c', 'must be one of a, b'],
    ['list', list('x'), [' '], 'must not hold a blank entry'],
  ])('%s says what it must be, not what it was (%#)', (_, field, given, rule) => {
    expect(rulesOf(field, given)).toEqual([rule]);
  });
});
