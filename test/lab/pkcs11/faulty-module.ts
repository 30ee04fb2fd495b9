import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../processes/child-process.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { bindingFolder } from './binding.ts';

/** Whether the module can be built on this machine; for `describeIf`. */
export const compiler = { installed: existsSync('/usr/bin/gcc'), reason: 'apt-get install gcc libc6-dev' };

/** A PKCS#11 module before a real one that fails when it is told to, see faulty-module.c. */
export class FaultyModule {
  readonly library: string;
  readonly environment: Readonly<Record<string, string>>;
  private readonly folder: TempFolder;

  private constructor(folder: TempFolder, real: string) {
    this.folder = folder;
    this.library = join(folder.path, 'faulty.so');
    this.environment = { FAULTY_MODULE: real, FAULTY_LOG: this.file('log'), FAULTY_ORDER: this.file('order') };
  }

  static async build(real: string): Promise<FaultyModule> {
    const module = new FaultyModule(await tempFolder('faulty'), real);
    const source = resolve(import.meta.dirname, 'faulty-module.c');
    const headers = join(bindingFolder, 'includes/pkcs11');
    await run('gcc', ['-shared', '-fPIC', '-Wall', '-Werror', `-I${headers}`, source, '-o', module.library, '-ldl']);
    return module;
  }

  /** From now on, until the next order: `C_Decrypt hang`, `C_Login fail 160`, `C_Decrypt crash 0 once`, … */
  order(order: string): Promise<void> {
    return writeFile(this.file('order'), order);
  }

  /** Back to normal, and no call seen so far. */
  async reset(): Promise<void> {
    await rm(this.file('order'), { force: true });
    await rm(this.file('log'), { force: true });
  }

  /** How often the module was called since the last reset. */
  async countOf(call: string): Promise<number> {
    const log = await readFile(this.file('log'), 'utf8').catch(() => '');
    return log.split('\n').filter((line) => line === call).length;
  }

  remove(): Promise<void> {
    return this.folder.remove();
  }

  private file(name: string): string {
    return join(this.folder.path, name);
  }
}
