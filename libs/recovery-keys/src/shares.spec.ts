import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { bech32m } from '@scure/base';
import { shortId } from './recovery-key.js';
import { RecoverySharesRefused } from './recovery-keys.errors.js';
import { readShareLine, shareLine } from './share-line.js';
import { combine, openShare, split } from './shares.js';
import { createSeed, openSeed } from './x-wing-recovery-key.js';

interface KnownSplit {
  readonly seed: string;
  readonly threshold: number;
  readonly lines: readonly string[];
}

const known = JSON.parse(await readFile(new URL('../fixtures/shares.json', import.meta.url), 'utf8')) as KnownSplit[];

/** Every choice of some of `items`, in their order. */
const choices = <T>(items: readonly T[]): T[][] =>
  items.reduce<T[][]>((all, item) => [...all, ...all.map((some) => [...some, item])], [[]]);

const whatItSays = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RecoverySharesRefused);
  return (error as Error).message;
};

const seed = createSeed();
const keyId = shortId(openSeed(seed).key.id);
const lines = await split(seed, { shares: 5, threshold: 3 });
const [one = '', two = '', three = ''] = lines;

describe('shares of a recovery key', () => {
  it.each([
    [2, 2],
    [3, 2],
    [3, 3],
    [5, 3],
    [6, 4],
  ])(
    'of %i, every choice of %i or more makes the seed, in any order, and no smaller one does',
    async (shares, threshold) => {
      const all = await split(seed, { shares, threshold });

      const groups = choices(all);
      const enough = groups.filter((some) => some.length >= threshold);
      const tooFew = groups.filter((some) => some.length < threshold);

      for (const some of enough) expect(await combine(some.toReversed())).toEqual(seed);
      for (const some of tooFew) await expect(combine(some)).rejects.toThrow(RecoverySharesRefused);
    },
  );

  it.each(known)('are read as they were written when the format began: $lines', async (made) => {
    const some = made.lines.slice(-made.threshold);

    expect(Buffer.from(await combine(some)).toString('hex')).toBe(made.seed);
  });

  it('are one line each, of printable characters, that says what it is', () => {
    for (const [index, line] of lines.entries()) {
      const groups = '(-[02-9ac-hj-np-z]{4}){15}-[02-9ac-hj-np-z]{2}';
      expect(line).toMatch(new RegExp(`^kcshare1-${keyId}-${index + 1}of5-need3${groups}$`));
      expect(openShare(line)).toEqual({ keyId, number: index + 1, total: 5, threshold: 3 });
    }
  });

  it('say nothing alike for the same seed twice', async () => {
    const again = await split(seed, { shares: 5, threshold: 3 });

    expect(again.filter((line) => lines.includes(line))).toEqual([]);
  });

  it('are the same in capitals, with spaces for hyphens, with dashes, and with line breaks', () => {
    const spellings = [
      one.toUpperCase(),
      `  ${one}\r\n`,
      one.replaceAll('-', '\u2013'),
      one.replace(
        /^(kcshare1-[^-]*-[^-]*-[^-]*-)(.*)$/,
        (_, head: string, rest: string) => head + rest.replaceAll('-', ' '),
      ),
      `${one.slice(0, 50)}\n${one.slice(50)}`,
    ];

    for (const line of spellings) expect(openShare(line)).toEqual(openShare(one));
  });

  it.each([
    [1, 1],
    [2, 1],
    [2, 3],
    [100, 3],
    [5, 2.5],
    [Number.NaN, 2],
  ])('cannot be %d of which %d are needed', async (shares, threshold) => {
    await expect(split(seed, { shares, threshold })).rejects.toThrow(RangeError);
  });

  it('can be 99', async () => {
    const all = await split(seed, { shares: 99, threshold: 99 });

    expect(await combine(all)).toEqual(seed);
  });
});

describe('a share that was copied wrongly', () => {
  /** What carries nothing: case, spaces, and hyphens between groups. */
  const meaning = (line: string): string => {
    const head = line.split('-', 4).join('-');
    return (head + line.slice(head.length).replaceAll('-', '')).toLowerCase().replaceAll(' ', '');
  };
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

  const isTaken = (line: string): boolean => {
    try {
      readShareLine(line);
      return true;
    } catch (error) {
      if (error instanceof RecoverySharesRefused) return false;
      throw error;
    }
  };
  const wronglyTaken = (altered: readonly string[]): string[] =>
    altered.filter((line) => meaning(line) !== meaning(one) && isTaken(line));

  it('is found for every other character at every place', () => {
    const altered = Array.from(one, (_, at) => printable.map((other) => one.slice(0, at) + other + one.slice(at + 1)));

    expect(wronglyTaken(altered.flat())).toEqual([]);
  });

  it('is found for every character left out, doubled or put in, and every two exchanged', () => {
    const altered = Array.from(one, (character, at) => [
      one.slice(0, at) + one.slice(at + 1),
      ...['q', 'p', '7', '-', character].map((other) => one.slice(0, at) + other + one.slice(at)),
      one.slice(0, at) + (one[at + 1] ?? '') + character + one.slice(at + 2),
    ]);

    expect(wronglyTaken(altered.flat())).toEqual([]);
  });

  it('is found for any two wrong characters of its data', () => {
    const head = one.split('-', 4).join('-');
    const data = one.slice(head.length).replaceAll('-', '');
    const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
    const other = (text: string, at: number, by: number): string =>
      text.slice(0, at) + (alphabet[(alphabet.indexOf(text[at] ?? '') + by) % 32] ?? '') + text.slice(at + 1);
    const altered = Array.from(data, (_, first) =>
      Array.from(data.slice(first + 1), (__, second) =>
        other(other(data, first, 1 + ((first + second) % 31)), first + 1 + second, 1 + ((first * second) % 31)),
      ),
    );

    expect(wronglyTaken(altered.flat().map((text) => `${head}-${text}`))).toEqual([]);
  });

  it.each([
    ['a character of none', `${one.slice(0, -1)}b`, /1, b, i or o in group 16/],
    ['one too few', one.slice(0, -1), /1 character\(s\) too short/],
    ['some too many', `${one}-qqqq`, /4 character\(s\) too long/],
    [
      'another number',
      one.replace('-1of5-', '-2of5-'),
      /share 2 of 5 of the recovery key [0-9a-f]{8} has a wrong character/,
    ],
    ['a number that cannot be', one.replace('-1of5-', '-6of5-'), /wrong number/],
    ['a threshold that cannot be', one.replace('-need3-', '-need1-'), /wrong number/],
    ['another text', 'correct horse battery staple', /not a share/],
    ['nothing', '', /not a share/],
    ['a later version', one.replace('kcshare1', 'kcshare2'), /not a share/],
  ])('says so: %s', (_, line, why) => {
    expect(() => openShare(line)).toThrow(RecoverySharesRefused);
    expect(() => openShare(line)).toThrow(why);
  });

  it('is not shown in the message, nor in a cause', async () => {
    const wrong = `${one.slice(0, -1)}${one.endsWith('q') ? 'p' : 'q'}`;
    const error: unknown = await combine([wrong]).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(RecoverySharesRefused);
    expect(inspect(error)).not.toContain(one.slice(-20, -11));
  });
});

describe('shares that do not go together', () => {
  it('says how many are missing, and which there are', async () => {
    expect(await whatItSays(combine([three, one]))).toMatch(
      /needs 3 shares, and these are 2. Give 1 more, of the numbers 2, 4, 5/,
    );
    expect(await whatItSays(combine([]))).toBe('No share was given.');
  });

  it('names every one that is damaged', async () => {
    const message = await whatItSays(combine([one, `${two}q`, three.slice(0, -2)]));

    expect(message).toMatch(/^Line 2: .*share 2 of 5.*too long.*\nLine 3: .*share 3 of 5.*too short/);
  });

  it('names the one of another key', async () => {
    const other = createSeed();
    const [foreign = ''] = await split(other, { shares: 5, threshold: 3 });
    const message = await whatItSays(combine([one, foreign, three]));

    expect(message).toContain(`lines 1, 3 of ${keyId}; line 2 of ${shortId(openSeed(other).key.id)}`);
  });

  it('names the one of another split of the same key', async () => {
    const [again = ''] = await split(seed, { shares: 5, threshold: 3 });
    const [of2 = ''] = await split(seed, { shares: 5, threshold: 2 });

    expect(await whatItSays(combine([one, two, again]))).toContain('(lines 1, 2; line 3)');
    expect(await whatItSays(combine([of2, two, three]))).toContain('(line 1; lines 2, 3)');
  });

  it('names the one that was given twice, spelled otherwise too', async () => {
    expect(await whatItSays(combine([one, two, one.toUpperCase()]))).toMatch(
      /Lines 1 and 3 are the same: share 1 of 5/,
    );
  });

  it('does not take one point under two numbers', async () => {
    const relabelled = shareLine({ ...readShareLine(one), number: 4 });

    expect(await whatItSays(combine([one, two, relabelled]))).toMatch(/Lines 1 and 3 are the same/);
  });

  it('does not take a made-up share, though its checksum is right', async () => {
    const real = readShareLine(three);
    const forged = shareLine({
      ...real,
      point: Uint8Array.from(real.point, (byte, at) => (at === 0 ? byte ^ 1 : byte)),
    });

    expect(await whatItSays(combine([one, two, forged]))).toContain('made up');
  });

  it('is checked by the standard Bech32m over the whole line', () => {
    const head = one.split('-', 4).join('-');
    const { prefix } = bech32m.decode(`${head}1${one.slice(head.length).replaceAll('-', '')}`, 200);

    expect(prefix).toBe(head);
  });
});
