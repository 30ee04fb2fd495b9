import { createSecretKey, randomBytes } from 'node:crypto';
import type { UserId } from '@key-connector/common';
import type { StoredUserKey } from '@key-connector/database';
import { describe, expect, it } from '@jest/globals';
import { OpeningFailure } from './opening-failure.js';
import { Ring } from './ring.js';
import { appended, everyBitFlipped, everyPayloadBitFlipped, everyTruncation } from '../testing/alterations.js';
import {
  referenceOpenBound,
  referenceOpenClassic,
  referenceSealBound,
  referenceSealClassic,
} from '../testing/reference-layouts.js';
import { alice, bob } from '../testing/user-id.js';
import type { ValueLayout } from './value-layout.js';

const key = randomBytes(32);
const secrets = new Map([0, 1, 2].map((id) => [id, randomBytes(32)]));
const secret = (id: number): Buffer => secrets.get(id) ?? Buffer.alloc(0);

/** The last of its data keys is the active one. */
const ring = (layout: ValueLayout, ...ids: [...number[], number]): Ring => {
  const dataKeys = new Map(ids.map((id) => [id, { id, secret: createSecretKey(secret(id)) }]));
  const active = dataKeys.get(ids.at(-1) ?? -1);
  if (active === undefined) throw new Error('no data key');
  return new Ring(dataKeys, active, layout);
};

/** What a value opens to, in this member's row. */
const outcome = (of: Ring, id: UserId, value: Omit<StoredUserKey, 'id'>): string => {
  try {
    return of.open({ ...value, id }).toString('hex');
  } catch (error) {
    if (error instanceof OpeningFailure) return error.reason;
    throw error;
  }
};

const layouts: readonly [string, Ring, string, 'base64' | 'base64url'][] = [
  ['classic', ring('classic', 0), '', 'base64'],
  ['bound', ring('boundOnly', 1), 'kc2.1.', 'base64url'],
];

describe.each(layouts)('the %s layout', (_, of, prefix, encoding) => {
  const sealed = of.seal(alice, key);
  const expectAllRefused = (values: readonly string[]): void => {
    expect(
      values.filter((value) => value !== sealed.value).map((value) => outcome(of, alice, { ...sealed, value })),
    ).not.toContain(key.toString('hex'));
    for (const value of values)
      expect(outcome(of, alice, { ...sealed, value })).toMatch(
        /^(malformed|not_authentic|unknown_|data_key_|classic_)/,
      );
  };

  it('opens what it has sealed', () => {
    expect(outcome(of, alice, sealed)).toBe(key.toString('hex'));
  });

  it('never seals the same key to the same value', () => {
    expect(of.seal(alice, key).value).not.toBe(sealed.value);
  });

  it('refuses a value with any bit flipped, in its text or in its bytes', () => {
    expectAllRefused(everyBitFlipped(sealed.value));
    expectAllRefused(everyPayloadBitFlipped(prefix, sealed.value.slice(prefix.length), encoding));
  });

  it('refuses every truncation and every addition', () => {
    expectAllRefused(everyTruncation(sealed.value));
    expectAllRefused(appended(sealed.value));
  });

  it('refuses a value in another spelling of its base64', () => {
    const payload = sealed.value.slice(prefix.length);
    const bytes = Buffer.from(payload, encoding);
    const spellings = [`${payload}=`, ` ${payload}`, payload.slice(0, 10) + '\n' + payload.slice(10)];
    const other = bytes.toString(encoding === 'base64' ? 'base64url' : 'base64');
    expectAllRefused(
      [...spellings, other].filter((spelling) => spelling !== payload).map((spelling) => prefix + spelling),
    );
  });

  it('serves a key of another length, which classic deployments have', () => {
    const long = randomBytes(64);
    expect(outcome(of, alice, of.seal(alice, long))).toBe(long.toString('hex'));
  });
});

describe('the classic layout', () => {
  it('is what an existing deployment writes and reads', () => {
    const { value, dataKeyId } = ring('classic', 0).seal(alice, key);
    expect(dataKeyId).toBeNull();
    expect(referenceOpenClassic(secret(0), value)).toEqual(key);
    const theirs = { value: referenceSealClassic(secret(0), key), dataKeyId: null };
    expect(outcome(ring('bound', 0), alice, theirs)).toBe(key.toString('hex'));
  });

  it('is refused after the cutover, and in a row that was written bound', () => {
    const classic = ring('classic', 0).seal(alice, key);
    expect(outcome(ring('boundOnly', 0), alice, classic)).toBe('classic_where_bound_expected');
    expect(outcome(ring('bound', 0), alice, { ...classic, dataKeyId: 0 })).toBe('classic_where_bound_expected');
  });
});

describe('the bound layout', () => {
  const of = ring('bound', 0, 1, 2);

  it('is what its description says', () => {
    const { value, dataKeyId } = of.seal(alice, key);
    expect(dataKeyId).toBe(2);
    expect(value).toMatch(/^kc2\.2\.[\w-]{80}$/);
    expect(referenceOpenBound(secret(2), alice, value)).toEqual(key);
    const theirs = { value: referenceSealBound(secret(1), 1, alice, key), dataKeyId: 1 };
    expect(outcome(of, alice, theirs)).toBe(key.toString('hex'));
  });

  it('opens for its user only', () => {
    expect(outcome(of, bob, of.seal(alice, key))).toBe('not_authentic');
  });

  it('refuses a value that is relabelled to another data key', () => {
    const { value } = of.seal(alice, key);
    for (const id of ['0', '1'])
      expect(outcome(of, alice, { value: value.replace('kc2.2', `kc2.${id}`), dataKeyId: null })).toBe('not_authentic');
  });

  it('refuses a value that is relabelled to another id of the same data key', () => {
    const same = createSecretKey(secret(1));
    const seventh = { id: 7, secret: same };
    const dataKeys = new Map([1, 7].map((id) => [id, { id, secret: same }]));
    const doubled = new Ring(dataKeys, seventh, 'boundOnly');
    const { value } = ring('boundOnly', 1).seal(alice, key);
    expect(outcome(doubled, alice, { value, dataKeyId: 1 })).toBe(key.toString('hex'));
    expect(outcome(doubled, alice, { value: value.replace('kc2.1', 'kc2.7'), dataKeyId: 7 })).toBe('not_authentic');
  });

  it('refuses a header that contradicts the column, and takes a row without the column', () => {
    const { value } = of.seal(alice, key);
    expect(outcome(of, alice, { value, dataKeyId: 1 })).toBe('data_key_id_mismatch');
    expect(outcome(of, alice, { value, dataKeyId: null })).toBe(key.toString('hex'));
  });

  it.each(['02', '+2', ' 2', '2e0', '0x2', '-1', '2147483648', '99999999999', ''])(
    'refuses the header id "%s"',
    (id) => {
      const { value } = of.seal(alice, key);
      expect(outcome(of, alice, { value: value.replace('kc2.2', `kc2.${id}`), dataKeyId: null })).toBe('malformed');
    },
  );

  it('says apart a data key that is not there', () => {
    const { value } = of.seal(alice, key);
    expect(outcome(ring('boundOnly', 1), alice, { value, dataKeyId: 2 })).toBe('unknown_data_key');
  });
});
