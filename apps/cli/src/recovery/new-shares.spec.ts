import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { combine, createSeed, split } from '@key-connector/recovery-keys';
import { Output } from '../terminal/output.js';
import { Questions } from '../terminal/questions.js';
import { TypedStreams } from '../terminal/testing/typed-streams.js';
import { NewShares, type NewSharesOptions } from './new-shares.js';
import { PrivateHalf } from './private-half.js';
import { readShares } from './share-files.js';
import { VerifyShareCommand } from './verify-share.command.js';

function at(streams: TypedStreams): NewShares {
  const [questions, output] = [new Questions(streams), new Output(streams)];
  return new NewShares(questions, output, new PrivateHalf(questions, output));
}

const seed = createSeed();
const threeOfFive = { shares: 5, threshold: 3 };
const files = (paths: readonly string[]): Promise<readonly string[]> => Promise.resolve(paths);

describe('shares shown at a terminal', () => {
  const shown = (streams: TypedStreams): string[] => [...streams.messagesText.matchAll(/^kcshare1-\S+$/gm)].map(String);

  /** Presses Enter for each share, then answers with what `answer` makes of them. */
  async function handedOut(answer: (lines: readonly string[]) => readonly string[]): Promise<unknown> {
    const streams = new TypedStreams(true);
    const outcome = at(streams)
      .handOut(seed, threeOfFive, files)
      .catch((error: unknown) => error);
    for (let number = 1; number <= 5; number += 1) await streams.typeAt(`written share ${number} down.`, '\r');
    await streams.typeAt('One share:', '');
    for (const [index, line] of answer(shown(streams)).entries())
      await streams.typeAt(['One share:', 'share (2 more):', 'share (1 more):'][index] ?? '', `${line}\r`);
    expect(streams.resultText).toBe('');
    return outcome;
  }

  it('count once three of five were given back', async () => {
    expect(await handedOut((lines) => lines.slice(2))).toEqual([]);
  });

  it('do not count where they are not given back: Ctrl-C', async () => {
    expect(await handedOut((lines) => [lines[0] ?? '', '\x03'])).toMatchObject({ kind: 'interrupted' });
  });

  it('do not count where one is given back twice', async () => {
    const twice = ([one = '', two = '']: readonly string[]): string[] => [one, two, one];

    expect(await handedOut(twice)).toMatchObject({ code: 'RECOVERY_SHARES_REFUSED' });
  });

  it('do not count where others are given back', async () => {
    const others = await split(createSeed(), threeOfFive);

    expect(await handedOut(() => others.slice(0, 3))).toMatchObject({ code: 'NOT_CONFIRMED' });
  });
});

describe('a share leaves the screen', () => {
  let lines: readonly string[] = [];
  beforeEach(async () => {
    lines = await split(seed, threeOfFive);
  });

  /** What can still be read there, and scrolled back to. */
  const left = ({ messagesText }: TypedStreams): string =>
    messagesText.split('\u001b[2J\u001b[3J\u001b[H').at(-1) ?? '';
  const ask = (streams: TypedStreams): Promise<unknown> =>
    new PrivateHalf(new Questions(streams), new Output(streams)).ask().catch((error: unknown) => error);

  it('when it was typed in, in full or until Ctrl-C', async () => {
    const streams = new TypedStreams(true);
    const asked = ask(streams);
    await streams.typeAt('One share:', `${lines[0] ?? ''}\r`);
    await streams.typeAt('share (2 more):', lines[1] ?? '');
    expect(left(streams)).not.toContain(lines[0]);
    // A prompt wraps what is longer than the terminal.
    await streams.typeAt(lines[1]?.slice(0, 40) ?? '', '\x03');
    expect(await asked).toMatchObject({ kind: 'interrupted' });
    expect(left(streams)).not.toContain('kcshare1-');
  });

  it('when it was shown and nobody pressed Enter', async () => {
    const streams = new TypedStreams(true);
    const shown = at(streams)
      .handOut(seed, threeOfFive, files)
      .catch((error: unknown) => error);
    await streams.typeAt('written share 1 down.', '\x03');
    expect(await shown).toMatchObject({ kind: 'interrupted' });
    expect(streams.messagesText).toContain('kcshare1-');
    expect(left(streams)).not.toContain('kcshare1-');
  });

  it('when it was verified by itself', async () => {
    const streams = new TypedStreams(true);
    const verified = new VerifyShareCommand(new Questions(streams), new Output(streams)).define();
    const done = verified.parseAsync([], { from: 'user' });
    await streams.typeAt('Share:', `${lines[0] ?? ''}\r`);
    await done;
    expect(streams.resultText).toContain('undamaged');
    expect(left(streams)).not.toContain('kcshare1-');
  });
});

describe('shares written to files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-connector-shares-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (options: Partial<NewSharesOptions> = {}): Promise<readonly string[]> =>
    at(new TypedStreams(false)).handOut(seed, { ...threeOfFive, write: join(folder, 'shares'), ...options }, files);

  it('are one file each, for their owner alone, and make the seed', async () => {
    const paths = await write();

    expect(paths).toHaveLength(5);
    for (const path of paths) expect((await stat(path)).mode & 0o777).toBe(0o600);
    const lines = (await Promise.all(paths.slice(1, 4).map(readShares))).flat();
    expect(await combine(lines)).toEqual(seed);
  });

  it('go into no folder that has something in it, and replace nothing', async () => {
    await writeFile(join(folder, 'kept'), 'kept');

    await expect(write({ write: folder })).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' });
    expect(await readdir(folder)).toEqual(['kept']);
    expect(await readFile(join(folder, 'kept'), 'utf8')).toBe('kept');
  });

  it('are told to be worth nothing where the ring did not take the key, and only then', async () => {
    const streams = new TypedStreams(false);
    const options = { ...threeOfFive, write: join(folder, 'shares') };
    const refused = (): Promise<never> => Promise.reject(new Error('another operator was faster'));

    await expect(at(streams).handOut(seed, options, refused)).rejects.toThrow('another operator was faster');
    expect(streams.messagesText).toMatch(/^The shares of the recovery key [0-9a-f]{8} in \S+ open nothing, unless/);
    expect(streams.messagesText).toContain(options.write);

    const none = new TypedStreams(false);
    await expect(at(none).handOut(seed, options, files)).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' });
    expect(none.messagesText).toBe('');
  });

  it('are refused by name where they cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');

    for (const path of ['/proc/none', join(folder, 'file'), join(folder, 'none', 'shares')])
      await expect(write({ write: path })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('are asked for where there is neither a folder nor a terminal', () => {
    const requireWay = (): void => {
      at(new TypedStreams(false)).requireWay(threeOfFive);
    };

    expect(requireWay).toThrow(/--write <folder>/);
  });
});
