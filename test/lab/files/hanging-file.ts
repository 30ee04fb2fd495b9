import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes/child-process.js';

/** A file that nobody can open until it is released, as on a network share that does not answer: a named pipe. */
export class HangingFile {
  private constructor(
    readonly path: string,
    private readonly content: Buffer,
  ) {}

  /** Makes one that, once released, reads as the file at `original` does. */
  static async create(folder: string, original: string): Promise<HangingFile> {
    const path = join(folder, `hanging-${randomUUID()}`);
    await run('mkfifo', [path]);
    return new HangingFile(path, await readFile(original));
  }

  /** Lets the reader that waits read it, once. */
  async release(): Promise<void> {
    // Opened for reading too: Linux then does not wait for a reader, should there be none.
    const pipe = await open(this.path, 'r+');
    await pipe.write(this.content);
    await pipe.close();
  }
}
