import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../processes/child-process.ts';
import { tempFolder } from './temp-folder.ts';

/** A real file system with few megabytes, in a folder of its own. */
export interface SmallDisk {
  readonly path: string;
  /** Takes every byte that is left. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
  /** Unmounts it, with all that is on it. */
  remove(): Promise<void>;
}

/** Why there can be none here; `undefined` where there can. */
export const noSmallDisk = whyNot();

/** Mounts an empty one, which belongs to this process' user. */
export async function smallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await tempFolder('disk');
  await run('mount', mounting(megabytes, folder.path));
  const ballast = join(folder.path, 'ballast');
  return {
    path: folder.path,
    fill: () => fill(ballast),
    free: () => rm(ballast),
    remove: async () => {
      await run('umount', [folder.path]);
      await folder.remove();
    },
  };
}

/** Writes ever smaller pieces until not one byte fits. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (let size = 1024 * 1024; size >= 1;) {
      const fits = await file.appendFile(Buffer.alloc(size)).then(
        () => true,
        (error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          return false;
        },
      );
      if (!fits) size = Math.floor(size / 2);
    }
  } finally {
    await file.close();
  }
}

function mounting(megabytes: number, path: string): string[] {
  return ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'key-connector-test', path];
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux mounts a small disk';
  const path = mkdtempSync(join(tmpdir(), 'key-connector-mount-'));
  try {
    const { status, stderr, error } = spawnSync('mount', mounting(1, path), { encoding: 'utf8' });
    if (status !== 0) return `no small disk can be mounted: ${error?.message ?? stderr.trim()}`;
    spawnSync('umount', [path]);
    return undefined;
  } finally {
    rmdirSync(path);
  }
}
