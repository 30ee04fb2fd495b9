import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for what is costly to make, the same for every test process of this user; others can read in it. */
export async function sharedFolder(): Promise<string> {
  const home = join(tmpdir(), `key-connector-tools-${process.getuid?.() ?? 0}`);
  await mkdir(home, { recursive: true, mode: 0o755 });
  // /tmp is everybody's: never use what somebody else laid there.
  const info = await lstat(home);
  if (!info.isDirectory() || info.uid !== (process.getuid?.() ?? info.uid) || (info.mode & 0o022) !== 0) {
    throw new Error(`${home} belongs to another user: remove it, or point TMPDIR at a folder of your own.`);
  }
  return home;
}
