import { createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { UnwrapFailed } from '@key-connector/crypto-providers';
import { ml_kem768_x25519 as otherImplementation } from '@noble/post-quantum/hybrid.js';
import { recoveryKeyOf } from './public-key-text.js';
import { createSeed, openSeed } from './x-wing-recovery-key.js';

interface KnownWrapping {
  readonly seed: string;
  readonly id: string;
  readonly wrappings: readonly { readonly dataKeyId: number; readonly secret: string; readonly wrapping: string }[];
}

const known = JSON.parse(
  await readFile(new URL('../fixtures/wrapping.json', import.meta.url), 'utf8'),
) as KnownWrapping;

describe('a recovery key that is made here', () => {
  const seed = createSeed();
  const opened = openSeed(seed);
  const secret = randomBytes(32);

  it('is named by the hash that docs/data-at-rest.md gives', () => {
    const bytes = Buffer.from(opened.key.publicKey, 'base64');
    const hash = createHash('sha256').update('key-connector x-wing v1\0').update(bytes).digest('hex');

    expect(opened.key.id).toBe(`sha256:${hash}`);
  });

  it.each([-1, 0, 7, 2 ** 31 - 1])('opens what its public half wrapped for the data key %i', async (id) => {
    const wrapping = await recoveryKeyOf(opened.key.publicKey).wrap(id, secret);

    expect(wrapping).toHaveLength(1120 + 12 + 32 + 16);
    expect(Buffer.from(await opened.unwrap(id, wrapping))).toEqual(secret);
  });

  it.each([
    [-1, 'ffffffff'],
    [7, '00000007'],
  ])('wraps byte for byte as docs/data-at-rest.md says, for the data key %i', async (id, named) => {
    const wrapping = Buffer.from(await opened.key.wrap(id, secret));
    const { secretKey } = otherImplementation.keygen(Uint8Array.from(seed));
    const shared = otherImplementation.decapsulate(Uint8Array.from(wrapping.subarray(0, 1120)), secretKey);
    const context = Buffer.concat([
      Buffer.from('key-connector x-wing wrapping v1\0'),
      Buffer.from(named, 'hex'),
      Buffer.from(opened.key.id.slice('sha256:'.length), 'hex'),
    ]);
    const key = new Uint8Array(hkdfSync('sha256', shared, '', context, 32));
    const decipher = createDecipheriv('aes-256-gcm', key, wrapping.subarray(1120, 1132));
    decipher.setAAD(context).setAuthTag(wrapping.subarray(-16));

    expect(Buffer.concat([decipher.update(wrapping.subarray(1132, -16)), decipher.final()])).toEqual(secret);
  });

  it.each(known.wrappings)('opens the wrapping of $dataKeyId that was made when the format began', async (made) => {
    const key = openSeed(Buffer.from(known.seed, 'hex'));

    expect(key.key.id).toBe(known.id);
    const plain = await key.unwrap(made.dataKeyId, Buffer.from(made.wrapping, 'base64'));
    expect(Buffer.from(plain).toString('hex')).toBe(made.secret);
  });

  it('does not open a wrapping that is moved to another data key', async () => {
    const wrapping = await opened.key.wrap(7, secret);

    for (const id of [-1, 0, 8]) await expect(opened.unwrap(id, wrapping)).rejects.toThrow(UnwrapFailed);
  });

  it('does not open a wrapping of another recovery key', async () => {
    const wrapping = await openSeed(createSeed()).key.wrap(7, secret);

    await expect(opened.unwrap(7, wrapping)).rejects.toThrow(UnwrapFailed);
  });

  it('does not open a wrapping that was altered in any of its parts, cut or lengthened', async () => {
    const wrapping = Buffer.from(await opened.key.wrap(7, secret));
    // Every 16th byte of ML-KEM's part, and every one after it.
    const places = Array.from(wrapping.keys()).filter((at) => at % 16 === 0 || at >= 1088);
    const damaged = [
      ...places.map((at) => Buffer.from(wrapping.map((byte, index) => (index === at ? byte ^ 1 : byte)))),
      ...[0, 1119, 1120, 1131, 1147, wrapping.length - 1].map((length) => wrapping.subarray(0, length)),
      Buffer.concat([wrapping, Buffer.alloc(1)]),
    ];

    for (const bytes of damaged) await expect(opened.unwrap(7, bytes)).rejects.toThrow(UnwrapFailed);
  });

  it.each([-2, 2 ** 31, 1.5, Number.NaN])('refuses the data key id %d', async (id) => {
    await expect(opened.key.wrap(id, secret)).rejects.toThrow(RangeError);
    await expect(opened.unwrap(id, new Uint8Array(1180))).rejects.toThrow(RangeError);
  });

  it.each([0, 16, 31, 33])('refuses to wrap %i bytes', async (length) => {
    await expect(opened.key.wrap(7, new Uint8Array(length))).rejects.toThrow(RangeError);
  });
});
