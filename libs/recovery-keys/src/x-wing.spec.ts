import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { ml_kem768_x25519 as otherImplementation } from '@noble/post-quantum/hybrid.js';
import { XWingPrivateKey, XWingPublicKey } from './x-wing.js';

interface Vector {
  readonly seed: string;
  readonly publicKey: string;
  readonly encapsulationSeed: string;
  readonly ciphertext: string;
  readonly sharedSecret: string;
}

const vectors = JSON.parse(await readFile(new URL('../fixtures/x-wing.json', import.meta.url), 'utf8')) as Vector[];

const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('X-Wing', () => {
  it.each(vectors)('makes the public key and the secret that the draft publishes for the seed $seed', (vector) => {
    const key = new XWingPrivateKey(fromHex(vector.seed));

    expect(toHex(key.publicKey)).toBe(vector.publicKey);
    expect(toHex(key.decapsulate(fromHex(vector.ciphertext)))).toBe(vector.sharedSecret);
  });

  it.each(vectors)('agrees with a second implementation on what is sent, in both directions, for $seed', (vector) => {
    const ours = new XWingPrivateKey(fromHex(vector.seed));
    const theirs = otherImplementation.keygen(fromHex(vector.seed));
    expect(toHex(ours.publicKey)).toBe(toHex(theirs.publicKey));

    const sent = new XWingPublicKey(ours.publicKey).encapsulate();
    const received = otherImplementation.decapsulate(Uint8Array.from(sent.ciphertext), theirs.secretKey);
    expect(toHex(received)).toBe(toHex(sent.sharedSecret));

    const answer = otherImplementation.encapsulate(theirs.publicKey, fromHex(vector.encapsulationSeed));
    expect(toHex(answer.cipherText)).toBe(vector.ciphertext);
    expect(toHex(ours.decapsulate(answer.cipherText))).toBe(toHex(answer.sharedSecret));
  });

  it('sends a fresh secret each time', () => {
    const key = new XWingPublicKey(new XWingPrivateKey(new Uint8Array(32).fill(1)).publicKey);

    const [one, other] = [key.encapsulate(), key.encapsulate()];

    expect(toHex(one.sharedSecret)).not.toBe(toHex(other.sharedSecret));
    expect(toHex(one.ciphertext)).not.toBe(toHex(other.ciphertext));
  });

  it('refuses a public key whose ML-KEM half has a coefficient over the modulus (FIPS 203, section 7.2)', () => {
    const bytes = Buffer.from(new XWingPrivateKey(new Uint8Array(32).fill(1)).publicKey);
    bytes.fill(0xff, 0, 3);

    expect(() => new XWingPublicKey(bytes)).toThrow();
  });

  it.each([0, 31, 33])('refuses a seed of %i bytes', (length) => {
    expect(() => new XWingPrivateKey(new Uint8Array(length))).toThrow(RangeError);
  });

  it.each([0, 1215, 1217])('refuses a public key of %i bytes', (length) => {
    expect(() => new XWingPublicKey(new Uint8Array(length))).toThrow(RangeError);
  });
});
