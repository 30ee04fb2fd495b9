import { randomBytes } from 'node:crypto';
import { combine as combinePoints, split as splitIntoPoints } from 'shamir-secret-sharing';
import { messageOf } from '@key-connector/common';
import { shortId } from './recovery-key.js';
import { RecoverySharesRefused } from './recovery-keys.errors.js';
import { nameOf, readShareLine, type Share, type ShareFacts, shareLimits, shareLine } from './share-line.js';
import { openSeed } from './x-wing-recovery-key.js';

/**
 * Splits a recovery key's seed so that any `threshold` of `shares` people have it together and fewer know nothing of it
 * (Shamir over GF(256)): one line for each. Throws RangeError for numbers that cannot be.
 *
 * @example
 * const lines = await split(seed, { shares: 5, threshold: 3 });
 */
export async function split(
  seed: Uint8Array,
  { shares, threshold }: { shares: number; threshold: number },
): Promise<string[]> {
  const { min, max } = shareLimits;
  if (![shares, threshold].every(Number.isInteger) || threshold < min || shares > max || threshold > shares)
    throw new RangeError(`a key has ${min} to ${max} shares, of which at least ${min} and at most all are needed`);
  const facts = { keyId: shortId(openSeed(seed).key.id), total: shares, threshold };
  const name = randomBytes(2).toString('hex');
  const secret = Uint8Array.from(seed);
  const points = await splitIntoPoints(secret, shares, threshold).finally(() => secret.fill(0));
  try {
    return points.map((point, index) =>
      shareLine({ ...facts, number: index + 1, split: name, point: Uint8Array.from(point) }),
    );
  } finally {
    for (const point of points) point.fill(0);
  }
}

/**
 * What a share says of itself, once it is seen to be undamaged. Throws RecoverySharesRefused. Whether it makes a key
 * with others shows only with the others.
 */
export function openShare(line: string): ShareFacts {
  const { point, keyId, number, total, threshold } = readShareLine(line);
  point.fill(0);
  return { keyId, number, total, threshold };
}

/**
 * The seed that shares make together, 32 bytes, which the caller wipes; its key has the id that they name. All that are
 * given take part. Throws RecoverySharesRefused, which names each share that does not fit, and why.
 */
export async function combine(lines: readonly string[]): Promise<Uint8Array> {
  const shares = readAll(lines);
  try {
    requireOneSplit(shares);
    requireDistinct(shares);
    const [first] = shares;
    requireEnough(shares, first);
    const seed = await combinePoints(shares.map(({ point }) => point));
    if (shortId(openSeed(seed).key.id) === first.keyId) return seed;
    seed.fill(0);
    throw new RecoverySharesRefused(
      `Each of these shares is undamaged, but together they do not make the recovery key ${first.keyId}: one of them is ` +
        'made up. Try others, if there are more.',
    );
  } finally {
    for (const { point } of shares) point.fill(0);
  }
}

/** Reads every line, and says all that are damaged at once. */
function readAll(lines: readonly string[]): Share[] {
  const shares: Share[] = [];
  const problems: string[] = [];
  lines.forEach((line, index) => {
    try {
      shares.push(readShareLine(line));
    } catch (error) {
      problems.push(`Line ${index + 1}: ${messageOf(error)}`);
    }
  });
  if (problems.length === 0) return shares;
  for (const { point } of shares) point.fill(0);
  throw new RecoverySharesRefused(problems.join('\n'));
}

/** All of one key and one split, so of one threshold too. */
function requireOneSplit(shares: readonly Share[]): void {
  const ofKeys = linesBy(shares, ({ keyId }) => keyId);
  if (ofKeys.length > 1)
    throw new RecoverySharesRefused(
      `These are shares of different recovery keys: ${ofKeys.map(({ name, lines }) => `${lines} of ${name}`).join('; ')}.`,
    );
  const ofSplits = linesBy(shares, ({ split: name, total, threshold }) => `${name} ${threshold} of ${total}`);
  if (ofSplits.length > 1)
    throw new RecoverySharesRefused(
      `These shares are of one recovery key that was split more than once, and those of two splits do not go together ` +
        `(${ofSplits.map(({ lines }) => lines).join('; ')}). Give shares of one split.`,
    );
}

/** Which lines have which property: "lines 1, 3". */
function linesBy(shares: readonly Share[], nameIt: (share: Share) => string): { name: string; lines: string }[] {
  const groups = new Map<string, number[]>();
  shares.forEach((share, index) => {
    const name = nameIt(share);
    groups.set(name, [...(groups.get(name) ?? []), index + 1]);
  });
  return [...groups].map(([name, numbers]) => ({
    name,
    lines: `${numbers.length === 1 ? 'line' : 'lines'} ${numbers.join(', ')}`,
  }));
}

/** No share twice, under its own number or another. */
function requireDistinct(shares: readonly Share[]): void {
  for (const [index, share] of shares.entries()) {
    const earlier = shares.findIndex((other) => other.number === share.number || isSamePoint(other, share));
    if (earlier === index) continue;
    throw new RecoverySharesRefused(
      `Lines ${earlier + 1} and ${index + 1} are the same: ${nameOf(share)}. Give it once.`,
    );
  }
}

/** Whether two shares are one point of the polynomials: the last byte says where. */
const isSamePoint = ({ point: one }: Share, { point: other }: Share): boolean => one.at(-1) === other.at(-1);

function requireEnough(shares: readonly Share[], first: Share | undefined): asserts first is Share {
  if (first === undefined) throw new RecoverySharesRefused('No share was given.');
  const missing = first.threshold - shares.length;
  if (missing <= 0) return;
  const given = new Set(shares.map(({ number }) => number));
  const others = Array.from({ length: first.total }, (_, index) => index + 1).filter((number) => !given.has(number));
  throw new RecoverySharesRefused(
    `The recovery key ${first.keyId} needs ${first.threshold} shares, and these are ${shares.length}. Give ${missing} more, ` +
      `of the numbers ${others.join(', ')}.`,
  );
}
