import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from '../processes/at-exit.ts';

/**
 * A folder of its own for one test, removed by `remove`; in a script, which unlike jest runs exit listeners, also when
 * it ends.
 */
export interface TempFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes an empty folder that only its owner can enter. */
export async function tempFolder(name = 'test', parent = tmpdir()): Promise<TempFolder> {
  const path = await mkdtemp(join(parent, `key-connector-${name}-`));
  const forget = atExit(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return {
    path,
    remove: async () => {
      forget();
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}
