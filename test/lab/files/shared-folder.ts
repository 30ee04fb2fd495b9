import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giveToUnprivileged } from '../processes/command-line.ts';

/**
 * A folder that is costly to make, made once for every test process of this user; others can read in it.
 *
 * @param name names the folder and, with a version in it, what it was made from
 * @param make makes the folder at the path that it is given, also as the user of `unprivileged` programs
 */
export async function madeOnce(name: string, make: (path: string) => Promise<unknown>): Promise<string> {
  const home = sharedFolder();
  const target = join(home, name);
  if (existsSync(target)) return target;
  const draft = await mkdtemp(join(home, 'draft-'));
  await giveToUnprivileged(draft);
  await make(join(draft, 'made'));
  // Another process may have been first: what it made is as good as ours.
  await rename(join(draft, 'made'), target).catch((error: unknown) => {
    if (!existsSync(target)) throw error;
  });
  await rm(draft, { recursive: true, force: true });
  return target;
}

/** A folder that only this user can write to, and everybody can read. */
export function sharedFolder(): string {
  const home = join(tmpdir(), `key-connector-tools-${process.getuid?.() ?? 0}`);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  // /tmp is everybody's: never use what somebody else laid there.
  const info = lstatSync(home);
  if (!info.isDirectory() || info.uid !== (process.getuid?.() ?? info.uid) || (info.mode & 0o022) !== 0) {
    throw new Error(`${home} belongs to another user: remove it, or point TMPDIR at a folder of your own.`);
  }
  return home;
}
