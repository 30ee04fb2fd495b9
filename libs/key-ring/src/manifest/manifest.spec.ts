import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { dataKeyCheck } from './data-key-check.js';
import { documentHash, type Manifest, readManifest, writeManifest } from './manifest.js';
import { RingIdentity, RingSigner } from './ring-identity.js';
import { authentic, type HeldManifest, type ManifestRow, successor } from './succession.js';

const signer = RingSigner.of(RingSigner.newSeed());
const { identity } = signer;
const secret = createSecretKey(randomBytes(32));
const check = (id: number): string => dataKeyCheck({ id, secret }, identity.fingerprint);

const first: Manifest = {
  format: 1,
  ring: identity.fingerprint,
  publicKey: identity.publicKey,
  version: 1,
  previous: null,
  activeDataKeyId: 1,
  dataKeys: [{ id: 1, check: check(1), state: 'open' }],
  keks: [
    {
      id: `sha256:${'0'.repeat(64)}`,
      role: 'service',
      algorithm: 'RSA-OAEP',
      reference: 'Schlüssel 1',
      publicKey: 'AA==',
    },
  ],
  layout: 'boundOnly',
};

const signed = (manifest: Manifest, by = signer): ManifestRow => {
  const document = writeManifest(manifest);
  return { version: manifest.version, document, signature: by.sign(document) };
};

const held = authentic(signed(first), identity) as HeldManifest;

const second = (changes: Partial<Manifest> = {}): Manifest => ({
  ...first,
  version: 2,
  previous: documentHash(held.document),
  activeDataKeyId: 2,
  dataKeys: [...first.dataKeys, { id: 2, check: check(2), state: 'open' }],
  ...changes,
});

describe('the text of a manifest', () => {
  it('is read back as it was written, in printable ASCII', () => {
    const document = writeManifest(first);
    expect(document).toMatch(/^[\x20-\x7e]+$/);
    expect(readManifest(document)).toEqual(first);
  });

  it('is taken in its one spelling only', () => {
    const document = writeManifest(first);
    const others = [
      ` ${document}`,
      JSON.stringify(JSON.parse(document), null, 1),
      document.replace('\\u00fc', 'ü'),
      document.replace('"version":1', '"version":1.0'),
      document.replace('{"format":1,', '{"format":1,"format":1,'),
      document.replace(',"layout":"boundOnly"}', ',"layout":"boundOnly","more":1}'),
    ];
    for (const other of others) {
      expect(other).not.toBe(document);
      expect(readManifest(other)).toBeUndefined();
    }
  });

  it.each<[string, Partial<Manifest>]>([
    ['an active data key that is not listed', { activeDataKeyId: 7 }],
    ['an active data key that was dropped', { dataKeys: [{ id: 1, check: check(1), state: 'dropped' }] }],
    [
      'data key 0 active in a layout that is not classic',
      { activeDataKeyId: 0, dataKeys: [{ id: 0, check: check(0), state: 'open' }] },
    ],
    ['the classic layout under another data key', { layout: 'classic' }],
    ['a data key twice', { dataKeys: [...first.dataKeys, ...first.dataKeys] }],
    ['no key-encryption key', { keks: [] }],
    ['recovery keys alone', { keks: first.keks.map((kek) => ({ ...kek, role: 'recovery' })) }],
    ['a data key 2^31', { dataKeys: [...first.dataKeys, { id: 2 ** 31, check: check(1), state: 'open' }] }],
  ])('is not written for %s', (_, changes) => {
    expect(() => writeManifest({ ...first, ...changes })).toThrow(RangeError);
  });
});

describe('the identity of a ring', () => {
  it('takes the 44 bytes of an Ed25519 SPKI and nothing else', () => {
    expect(RingIdentity.of(identity.publicKey)?.fingerprint).toBe(identity.fingerprint);
    for (const other of [
      identity.publicKey.slice(4),
      `${identity.publicKey} `,
      identity.publicKey.replace(/^MC/, 'MD'),
      '',
    ])
      expect(RingIdentity.of(other)).toBeUndefined();
  });

  it('is the same again from its seed, and wipes nothing of the caller’s', () => {
    const seed = RingSigner.newSeed();
    expect(RingSigner.of(seed).identity.fingerprint).toBe(RingSigner.of(seed).identity.fingerprint);
  });
});

describe('a manifest', () => {
  it('is refused with any byte of its text or signature altered', () => {
    const { document, signature } = held;
    for (let at = 0; at < document.length; at += 1) {
      const altered = document.slice(0, at) + String.fromCharCode(document.charCodeAt(at) ^ 1) + document.slice(at + 1);
      expect(authentic({ ...held, document: altered }, identity)).toBe('manifest_unsigned');
    }
    for (let at = 0; at < signature.length; at += 1) {
      const altered = signature.slice(0, at) + (signature[at] === 'A' ? 'B' : 'A') + signature.slice(at + 1);
      expect(authentic({ ...held, signature: altered }, identity)).toBe('manifest_unsigned');
    }
  });

  it('is refused under another version than its own, and signed by another ring', () => {
    expect(authentic({ ...held, version: 2 }, identity)).toBe('manifest_out_of_order');
    expect(authentic(signed(first, RingSigner.of(RingSigner.newSeed())), identity)).toBe('manifest_unsigned');
  });

  it('is followed by the next version, which names it', () => {
    expect(successor(held, signed(second()))).toMatchObject({ version: 2, manifest: { activeDataKeyId: 2 } });
  });

  it.each<[string, Partial<Manifest>, string]>([
    ['another version than the next', { version: 3 }, 'manifest_out_of_reach'],
    ['one that names another previous one', { previous: `sha256:${'1'.repeat(64)}` }, 'manifest_out_of_reach'],
    [
      'one without a data key of before',
      { dataKeys: [{ id: 2, check: check(2), state: 'open' }] },
      'manifest_takes_back',
    ],
    [
      'one with another data key under an id of before',
      {
        dataKeys: [
          { id: 1, check: check(2), state: 'open' },
          { id: 2, check: check(2), state: 'open' },
        ],
      },
      'manifest_takes_back',
    ],
  ])('is not followed by %s', (_, changes, refusal) => {
    expect(successor(held, signed(second(changes)))).toBe(refusal);
  });

  it('opens a dropped data key again by the undo alone', () => {
    const dropped = {
      ...second(),
      dataKeys: [{ ...first.dataKeys[0], state: 'dropped' }, second().dataKeys[1]],
    } as Manifest;
    const holding = authentic(signed(dropped), identity) as HeldManifest;
    const third = { ...second(), version: 3, previous: documentHash(holding.document) };
    expect(successor(holding, signed(third))).toMatchObject({ version: 3 });
    expect(successor(holding, signed({ ...third, activeDataKeyId: 1 }))).toBe('manifest_takes_back');
  });
});

describe('data key 0 in a manifest', () => {
  const key = (id: number, state: 'open' | 'dropped', seed = id): Manifest['dataKeys'][number] => ({
    id,
    check: check(seed),
    state,
  });
  const base = second();
  const before = (layout: Manifest['layout'], state: 'open' | 'dropped'): HeldManifest =>
    authentic(
      signed({ ...base, layout, activeDataKeyId: 2, dataKeys: [key(0, state), key(1, 'dropped'), key(2, 'open')] }),
      identity,
    ) as HeldManifest;
  const after = (held: HeldManifest, changes: Partial<Manifest>): unknown =>
    successor(
      held,
      signed({
        ...held.manifest,
        ...{ version: held.version + 1, previous: documentHash(held.document) },
        ...{ layout: 'classic', activeDataKeyId: 0 },
        dataKeys: [key(0, 'open', 9), key(1, 'dropped'), key(2, 'open')],
        ...changes,
      }),
    );

  it('comes back as another one, once it was dropped, in the version that goes back to the classic layout', () => {
    expect(after(before('boundOnly', 'dropped'), {})).toMatchObject({ version: base.version + 1 });
  });

  it.each<[string, HeldManifest, Partial<Manifest>]>([
    ['while it is open', before('boundOnly', 'open'), {}],
    ['while classic values are still taken', before('bound', 'dropped'), {}],
    ['in another layout', before('boundOnly', 'dropped'), { layout: 'bound', activeDataKeyId: 2 }],
    [
      'as the same one, beside another change',
      before('boundOnly', 'dropped'),
      {
        dataKeys: [key(0, 'open'), key(1, 'dropped'), key(2, 'open')],
      },
    ],
    [
      'with another data key under any other number',
      before('boundOnly', 'dropped'),
      {
        dataKeys: [key(0, 'open', 9), key(1, 'open', 8), key(2, 'open')],
      },
    ],
  ])('does not come back as another one %s', (_, held, changes) => {
    expect(after(held, changes)).toBe('manifest_takes_back');
  });
});

describe('the check of a data key', () => {
  it('is another one for another id, and in another ring', () => {
    const other = `sha256:${'2'.repeat(64)}`;
    expect(new Set([check(1), check(2), dataKeyCheck({ id: 1, secret }, other)]).size).toBe(3);
  });
});
