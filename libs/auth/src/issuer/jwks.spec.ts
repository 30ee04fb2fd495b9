import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { readJwks } from './jwks.js';
import { namedKeys } from './key-set.js';

const entry = (bits = 2048, extra: object = {}): Record<string, unknown> => ({
  ...generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }),
  ...extra,
});
const good = entry(2048, { kid: 'good', use: 'sig', alg: 'RS256', key_ops: ['verify'], x5t: 'abc' });
const kids = async (...keys: unknown[]): Promise<(string | undefined)[]> => [
  ...(await readJwks({ keys }, 'here')).keys(),
];

describe('a JWKS', () => {
  it('gives its RSA keys as public keys, by kid', async () => {
    const keys = await readJwks({ keys: [good] }, 'here');
    expect(keys.get('good')).toMatchObject({ type: 'public', asymmetricKeyType: 'rsa' });
    expect(keys.get('good')?.equals(createPublicKey({ key: good, format: 'jwk' }))).toBe(true);
  });

  it.each([
    ['another key type', { kty: 'oct', kid: 'x', k: 'AAAA' }],
    ['a key for encryption', entry(2048, { kid: 'x', use: 'enc' })],
    ['a key for another algorithm', entry(2048, { kid: 'x', alg: 'RS512' })],
    ['a key that may not verify', entry(2048, { kid: 'x', key_ops: ['sign'] })],
    ['a key of 512 bits', entry(512, { kid: 'x' })],
    ['a key of 2047 bits', entry(2047, { kid: 'x' })],
    ['an oversized key', { kty: 'RSA', kid: 'x', n: 'A'.repeat(5000), e: 'AQAB' }],
    ['the exponent 1', { ...entry(), kid: 'x', e: 'AQ' }],
    ['a private exponent', entry(2048, { kid: 'x', d: 'AQAB' })],
    ['no modulus', { kty: 'RSA', kid: 'x', e: 'AQAB' }],
    ['a number as kid', entry(2048, { kid: 7 })],
    ['null', null],
  ])('leaves out an entry with %s', async (_what, bad) => {
    await expect(kids(bad, good)).resolves.toEqual(['good']);
  });

  it('leaves out every entry of a kid that is there more than once, whatever their type', async () => {
    const twice = (): unknown => entry(2048, { kid: 'twice' });
    await expect(kids(twice(), good, twice(), twice())).resolves.toEqual(['good']);
    await expect(kids({ kty: 'oct', kid: 'twice', k: 'AAAA' }, good, twice())).resolves.toEqual(['good']);
  });

  it.each([{ keys: [] }, { keys: [entry(1024)] }, { keys: {} }, {}, [], null, 'text'])(
    'without a usable key is an error that says where (%#)',
    async (document) => {
      await expect(readJwks(document, 'https://a.test/jwks')).rejects.toThrow(/^https:\/\/a\.test\/jwks: /);
    },
  );

  it('answers a token without kid only when it has one key', async () => {
    const one = namedKeys('i', await readJwks({ keys: [good] }, 'here'));
    const two = namedKeys('i', await readJwks({ keys: [good, entry()] }, 'here'));
    expect(one.find(undefined)).toBe(one.find('good'));
    expect(two.find(undefined)).toBeUndefined();
    expect(two.find('good')).toBeDefined();
  });
});
