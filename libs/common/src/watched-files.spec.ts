import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type MadeOfFiles, WatchedFiles } from './watched-files.js';

describe('files that are watched', () => {
  let folder: string;
  let heard: string[];
  let refuse: boolean;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watched-'));
    heard = [];
    refuse = false;
  });
  afterEach(() => rm(folder, { recursive: true }));

  const at = (name: string): string => join(folder, name);
  const contentOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => 'a folder');
  const listener = {
    used: (_: string, isNew: boolean) => void heard.push(isNew ? 'used' : 'back'),
    refused: (_: string, error: unknown) => void heard.push(`refused: ${(error as Error).message}`),
  };
  const watch = async (...paths: string[]): Promise<WatchedFiles> => {
    const thing: MadeOfFiles = {
      name: 'setting',
      paths: () => paths,
      use: async () => {
        const contents = await Promise.all(paths.filter((path) => !path.endsWith('pipe')).map(contentOf));
        if (refuse) throw new Error(contents.join());
        heard.push(contents.join());
      },
    };
    const watched = new WatchedFiles([thing], listener);
    await watched.begin(86_400);
    return watched;
  };
  const looks = async (watched: WatchedFiles, count: number): Promise<void> => {
    for (let look = 0; look < count; look += 1) await watched.look();
  };

  it('are used anew when they hold something else, and not while they hold the same', async () => {
    await writeFile(at('a'), 'one');
    const watched = await watch(at('a'));
    await looks(watched, 3);
    await writeFile(at('new'), 'one');
    await rename(at('new'), at('a'));
    await looks(watched, 3);
    expect(heard).toEqual([]);
    await writeFile(at('a'), 'two');
    await looks(watched, 5);
    expect(heard).toEqual(['two', 'used']);
    watched.stop();
  });

  it('are seen through the link that Kubernetes swaps', async () => {
    await mkdir(at('..1'));
    await mkdir(at('..2'));
    await writeFile(at('..1/key'), 'one');
    await writeFile(at('..2/key'), 'two');
    await symlink('..1', at('..data'));
    await symlink('..data/key', at('key'));
    const watched = await watch(at('key'));
    await symlink('..2', at('..data_tmp'));
    await rename(at('..data_tmp'), at('..data'));
    await looks(watched, 2);
    expect(heard).toEqual(['two', 'used']);
    watched.stop();
  });

  it('are not used while an editor writes them, nor when they are away for a look', async () => {
    await writeFile(at('a'), 'one');
    const watched = await watch(at('a'));
    for (const content of ['', 'tw', 'two']) {
      await writeFile(at('a'), content);
      await watched.look();
    }
    expect(heard).toEqual([]);
    await watched.look();
    expect(heard.splice(0)).toEqual(['two', 'used']);
    await unlink(at('a'));
    await watched.look();
    await writeFile(at('a'), 'two');
    await looks(watched, 3);
    expect(heard).toEqual([]);
    watched.stop();
  });

  it('of a pair are used when both have changed', async () => {
    await writeFile(at('a'), 'one');
    await writeFile(at('b'), 'one');
    const watched = await watch(at('a'), at('b'));
    await writeFile(at('a'), 'two');
    await watched.look();
    await writeFile(at('b'), 'two');
    await looks(watched, 2);
    expect(heard).toEqual(['two,two', 'used']);
    watched.stop();
  });

  it('that are refused are tried again, more and more seldom, until they can be used', async () => {
    await writeFile(at('a'), 'one');
    const watched = await watch(at('a'));
    await writeFile(at('a'), 'two');
    refuse = true;
    await looks(watched, 100);
    expect(heard.length).toBeGreaterThan(5);
    expect(heard.length).toBeLessThan(15);
    expect(new Set(heard.splice(0))).toEqual(new Set(['refused: two']));
    refuse = false;
    await looks(watched, 13);
    expect(heard).toEqual(['two', 'used']);
    watched.stop();
  });

  it('that were refused and hold the old content again are said to be back', async () => {
    await writeFile(at('a'), 'one');
    const watched = await watch(at('a'));
    await writeFile(at('a'), 'two');
    refuse = true;
    await looks(watched, 2);
    await writeFile(at('a'), 'one');
    await looks(watched, 3);
    expect(heard).toEqual(['refused: two', 'back']);
    watched.stop();
  });

  it('of a folder count all, but for hidden ones; a pipe is left alone', async () => {
    await mkdir(at('folder'));
    execFileSync('mkfifo', [at('pipe')]);
    const watched = await watch(at('folder'), at('pipe'));
    await writeFile(at('folder/.hidden'), 'one');
    await looks(watched, 2);
    expect(heard).toEqual([]);
    await writeFile(at('folder/a.crt'), 'one');
    await watched.look();
    await watched.look();
    expect(heard.at(-1)).toBe('used');
    watched.stop();
  });
});
