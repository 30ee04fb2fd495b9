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
  ...(await readJwks({ keys }, 'here')).keys.keys(),
];
/** Bytes of a member, as base64url. */
const bytes = (member: unknown): Buffer => Buffer.from(String(member), 'base64url');

describe('a JWKS', () => {
  it('gives its RSA keys as public keys, by kid', async () => {
    const { keys } = await readJwks({ keys: [good] }, 'here');
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
    ['a certificate that is none', { kty: 'RSA', kid: 'x', x5c: ['AAAA'] }],
    ['null', null],
  ])('leaves out an entry with %s', async (_what, bad) => {
    await expect(kids(bad, good)).resolves.toEqual(['good']);
  });

  /** Each with the issuers that were seen to do so. */
  it.each([
    ['null where there is nothing to say', { use: null, alg: null, key_ops: null, x5t: null, d: null }],
    ['empty text where there is nothing to say', { use: '', alg: '', x5u: '' }],
    ['no operations', { key_ops: [] }],
    ['an operation that stands alone (Janssen)', { key_ops: 'verify' }],
    ['a modulus with padding (Firebase)', { n: `${String(good['n'])}==` }],
    ['a modulus in plain base64 (IdentityServer 3)', { n: bytes(good['n']).toString('base64') }],
    [
      'a modulus with a sign byte (UAA, Jenkins)',
      { n: Buffer.concat([Buffer.of(0), bytes(good['n'])]).toString('base64url') },
    ],
    ['the exponent as a number', { e: 65537 }],
    ['the exponent as the text of a number', { e: '65537' }],
    ['a certificate beside the key (Entra, AD FS)', { x5c: ['AAAA', 7] }],
  ])('reads a key with %s', async (_what, members) => {
    const { keys } = await readJwks({ keys: [{ ...good, ...members }] }, 'here');
    expect(keys.get('good')?.equals(createPublicKey({ key: good, format: 'jwk' }))).toBe(true);
  });

  it('is read beside keys of other types, with or without a name', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    await expect(kids({ ...ec, kid: 'ec' }, good, { ...ed, kid: 'ed' })).resolves.toEqual(['good']);
    await expect(kids(ec, null, 'text', entry(), ed)).resolves.toEqual([undefined]);
  });

  describe('that lists a kid more than once', () => {
    it.each([
      ['as it is', {}],
      ['for another algorithm (OpenAM, PingFederate)', { alg: 'RS512' }],
      ['for encryption too (Keycloak)', { use: 'enc', alg: 'RSA-OAEP' }],
      ['with a sign byte', { n: Buffer.concat([Buffer.of(0), bytes(good['n'])]).toString('base64url') }],
    ])('has one key of equal ones: %s', async (_how, members) => {
      const again = { ...good, ...members };
      for (const keys of [
        [good, again],
        [again, good],
        [again, good, again],
      ]) {
        const read = await readJwks({ keys }, 'here');
        expect([...read.keys.keys()]).toEqual(['good']);
        expect(read.remarks).toEqual([]);
      }
    });

    it('has none of different ones, whatever their type, and says so by name', async () => {
      const twice = (): unknown => entry(2048, { kid: 'twice\n' });
      await expect(kids(twice(), good, twice(), twice())).resolves.toEqual(['good']);
      await expect(kids({ kty: 'oct', kid: 'twice\n', k: 'AAAA' }, good, twice())).resolves.toEqual(['good']);
      await expect(readJwks({ keys: [twice(), good, twice()] }, 'here')).resolves.toMatchObject({
        remarks: ['Different keys have the "kid" "twice\\n", and none of them is used.'],
      });
      await expect(readJwks({ keys: [twice(), twice()] }, 'here')).rejects.toThrow(
        /Different keys have the "kid" "twice/,
      );
    });

    it('has none where one of the entries was leaked', async () => {
      await expect(kids({ ...good, d: 'AQAB' }, entry(2048, { kid: 'other' }), good)).resolves.toEqual(['other']);
    });
  });

  it.each([{ keys: [] }, { keys: [entry(1024)] }, { keys: {} }, {}, [], null, 'text'])(
    'without a usable key is an error that says where (%#)',
    async (document) => {
      await expect(readJwks(document, 'https://a.test/jwks')).rejects.toThrow(/^https:\/\/a\.test\/jwks: /);
    },
  );

  it.each([
    [entry(2048, { kid: 'k', use: 'enc' }), /"kid" "k": it has a "use" of another purpose/],
    [entry(2048, { kid: 'k', alg: 'PS256' }), /"kid" "k": it has a "alg" of another purpose/],
    [entry(1024), /no "kid": it has 1024 bits, fewer than 2048/],
    [{ kty: 'RSA', kid: 'k', e: 'AQAB' }, /neither "n" and "e" nor a certificate/],
    [entry(2048, { kid: 'k'.repeat(100_000), use: 'enc' }), /"k{200}"…/],
  ])('without a usable key says what is wrong with those that it has (%#)', async (jwk, why) => {
    await expect(readJwks({ keys: [jwk] }, 'here')).rejects.toThrow(why);
  });

  it('answers a token without kid only when it has one key', async () => {
    const one = namedKeys('i', await readJwks({ keys: [good] }, 'here'));
    const two = namedKeys('i', await readJwks({ keys: [good, entry()] }, 'here'));
    expect(one.find(undefined)).toBe(one.find('good'));
    expect(two.find(undefined)).toBeUndefined();
    expect(two.find('good')).toBeDefined();
  });

  it('answers a token without kid when its one key is there under two names', async () => {
    const set = namedKeys('i', await readJwks({ keys: [good, { ...good, kid: 'new' }] }, 'here'));
    expect(set.find(undefined)).toBe(set.find('good'));
  });

  it('answers any kid when its one key has no name', async () => {
    const one = namedKeys('i', await readJwks({ keys: [entry()] }, 'here'));
    const two = namedKeys('i', await readJwks({ keys: [entry(), good] }, 'here'));
    expect(one.find('any')).toBe(one.find(undefined));
    expect(two.find('any')).toBeUndefined();
  });
});
