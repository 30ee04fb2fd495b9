import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A folder of throwaway key files made by the openssl program. */
export class OpensslFolder {
  private constructor(readonly path: string) {}

  static async create(): Promise<OpensslFolder> {
    return new OpensslFolder(await mkdtemp(join(tmpdir(), 'key-connector-openssl-')));
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Runs openssl in the folder. */
  async openssl(command: string): Promise<void> {
    await run('openssl', command.split(' '), { cwd: this.path });
  }

  /** Joins PEM files. */
  async concatenate(names: readonly string[], into: string): Promise<void> {
    const parts = await Promise.all(names.map((name) => readFile(this.file(name))));
    await writeFile(this.file(into), Buffer.concat(parts));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}
