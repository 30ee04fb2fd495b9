import { bech32m } from '@scure/base';
import { RecoverySharesRefused } from './recovery-keys.errors.js';

/** What a share says of itself; none of it is secret. */
export interface ShareFacts {
  /** The beginning of the recovery key's id: 8 hex digits. */
  readonly keyId: string;
  /** Which one this is, 1 … total. */
  readonly number: number;
  readonly total: number;
  /** How many make the key. */
  readonly threshold: number;
}

/** A share as it stands in its line. */
export interface Share extends ShareFacts {
  /** Names the split: 4 hex digits that all shares of one have in common, so that those of two are not mixed. */
  readonly split: string;
  /** One point of the polynomials: 32 bytes ‖ where. Secret; whoever opened the line wipes it. */
  readonly point: Uint8Array<ArrayBuffer>;
}

/** Bytes of a line's data: together 280 bits, so 56 characters without padding. */
const lengths = { split: 2, point: 33 } as const;

/** Characters of a line after its head: the data and Bech32m's checksum. */
const characters = 62;
const group = 4;

/** The longest text of which Bech32m finds any three wrong characters (BIP 173). */
const checksumReach = 1023;

/** How many shares there can be. */
export const shareLimits = { min: 2, max: 99 } as const;

/** What every line begins with: the 1 is the version of this format. */
const prefix = 'kcshare1';

const headOf = ({ keyId, number, total, threshold }: ShareFacts): string =>
  `${prefix}-${keyId}-${number}of${total}-need${threshold}`;

/**
 * The line of a share, for paper: what it is in clear, then its data in groups of four. A checksum (Bech32m, BIP 350)
 * is over all of it.
 *
 * `kcshare1-3f9a2c41-2of5-need3-q9k2-…`
 */
export function shareLine(share: Share): string {
  const head = headOf(share);
  const data = Uint8Array.from([...Buffer.from(share.split, 'hex'), ...share.point]);
  try {
    const coded = bech32m.encode(head, bech32m.toWords(data), checksumReach).slice(head.length + 1);
    return [head, ...(coded.match(/.{1,4}/g) ?? [])].join('-');
  } finally {
    data.fill(0);
  }
}

/**
 * Reads a share's line. Case and spaces carry nothing, nor do the hyphens between its groups; whatever else was changed
 * is found. Throws RecoverySharesRefused, which says what is wrong and where; the caller wipes `point`.
 */
export function readShareLine(line: string): Share {
  const { facts, coded } = partsOf(line);
  const { words } = bech32m.decodeUnsafe(`${headOf(facts)}1${coded}`, checksumReach) ?? refuse(facts, wrongCharacter);
  const data = bech32m.fromWords(words);
  try {
    const split = Buffer.from(data.subarray(0, lengths.split)).toString('hex');
    return { ...facts, split, point: data.slice(lengths.split) };
  } finally {
    data.fill(0);
    words.fill(0);
  }
}

/** Which share it is, for people: "share 2 of 5 of the recovery key 3f9a2c41". */
export const nameOf = ({ number, total, keyId }: ShareFacts): string =>
  `share ${number} of ${total} of the recovery key ${keyId}`;

const wrongCharacter =
  'has a wrong character somewhere. Compare it with the original, character by character, its beginning too';

function refuse(facts: ShareFacts, problem: string): never {
  throw new RecoverySharesRefused(`What should be ${nameOf(facts)} ${problem}.`);
}

/** What a line says in clear, and its data with checksum, complete and of the right characters. */
function partsOf(line: string): { facts: ShareFacts; coded: string } {
  // Writing programs exchange hyphens for dashes.
  const plain = line
    .toLowerCase()
    .replaceAll(/\s/g, '')
    .replaceAll(/[\u2010-\u2015\u2212]/g, '-');
  const [, keyId, number, total, threshold, groups] = form.exec(plain) ?? [];
  if (keyId === undefined || groups === undefined)
    throw new RecoverySharesRefused(
      `This is not a share: one is a line that begins with ${prefix}-, such as ` +
        `${headOf({ keyId: '3f9a2c41', number: 2, total: 5, threshold: 3 })}-…`,
    );
  const facts = { keyId, number: Number(number), total: Number(total), threshold: Number(threshold) };
  if (!isPossible(facts)) refuse(facts, 'cannot be one: its beginning has a wrong number');
  const coded = groups.replaceAll('-', '');
  const wrong = coded.search(/[1bio]/) + 1;
  if (wrong > 0)
    refuse(facts, `has 1, b, i or o in group ${Math.ceil(wrong / group)} after its beginning, where no share has them`);
  const missing = characters - coded.length;
  if (missing > 0) refuse(facts, `is ${missing} character(s) too short`);
  if (missing < 0) refuse(facts, `is ${-missing} character(s) too long`);
  return { facts, coded };
}

const form = new RegExp(`^${prefix}-([0-9a-f]{8})-([1-9]\\d?)of([1-9]\\d?)-need([1-9]\\d?)-([a-z0-9-]+)$`);

const isPossible = ({ number, total, threshold }: ShareFacts): boolean =>
  number <= total && threshold <= total && threshold >= shareLimits.min;
