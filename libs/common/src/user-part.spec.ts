import { describe, expect, it } from '@jest/globals';
import { whyUnescaped } from './user-part.js';

describe('the user part of a URL', () => {
  it.each([
    'postgres://db/keys',
    'postgres://kc@db/keys',
    'postgres://kc:Hunter2%40%2F%3F%23%25@db:5432/keys?sslmode=require#x',
    'postgres://kc:a:b@db/keys',
    'http://user:p%C3%A4ss@proxy.example:3128',
    'https://vault.example:8200/v1',
    'no URL at all',
    '',
  ])('ends where it seems to: %s', (url) => {
    expect(whyUnescaped(url)).toBeUndefined();
  });

  it.each([
    'postgres://kc:Hunter2@Secret!x@127.0.0.1:5432/keys',
    'postgres://kc:Hunter2/Secret@127.0.0.1/keys',
    'postgres://kc:1234/Secret@127.0.0.1/keys',
    'postgres://kc:Hunter2?Secret@127.0.0.1/keys',
    'postgres://kc:1234?Secret@127.0.0.1/keys',
    'postgres://kc:Hunter2#Secret@127.0.0.1/keys',
    'postgres://kc:Hunter2@Secret/x@127.0.0.1/keys',
    'postgres://kc:Hunter2@Secret?x@127.0.0.1/keys',
    'postgres://kc:Hunter2%Secret@127.0.0.1/keys',
    'postgres://kc:Hunter2%@127.0.0.1/keys',
    'postgres://kc:Hunter2%E4Secret@127.0.0.1/keys',
    'postgres://Hunter2@Secret:x@127.0.0.1/keys',
    'postgres://kc:Hunter2\n/Secret@127.0.0.1/keys',
    String.raw`http://kc:1234\Secret@127.0.0.1`,
    'kc:Hunter2@Secret@127.0.0.1:3128',
  ])('is refused where it could end elsewhere, with how to write it and without the text (%#)', (url) => {
    expect(whyUnescaped(url)).toMatch(/@ as %40, : as %3A, \/ as %2F, \? as %3F, # as %23, % as %25/);
    expect(whyUnescaped(url)).not.toMatch(/Hunter2|Secret|127|kc/);
  });
});
