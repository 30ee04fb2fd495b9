import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceOptions, startService } from './service.process.ts';

const package_ = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/;

/** Tells of each file that Node loads as a module, required or imported. */
const hook = (file: string): string => `
  import { appendFileSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(${JSON.stringify(file)}, url + '\\n');
      return next(url, context);
    },
  });
`;

/**
 * Starts the service, waits until it is ready, and gives the names of the packages that it has loaded code of, native
 * code included.
 */
export async function packagesLoadedAtStart(folder: string, options: ServiceOptions): Promise<ReadonlySet<string>> {
  const [hookFile, loaded] = [join(folder, 'hook.mjs'), join(folder, 'loaded.txt')];
  await writeFile(hookFile, hook(loaded));
  await writeFile(loaded, '');
  const service = await startService({ ...options, env: { ...options.env, NODE_OPTIONS: `--import=${hookFile}` } });
  try {
    const mapped = await readFile(`/proc/${service.pid}/maps`, 'utf8');
    const files = [...(await readFile(loaded, 'utf8')).split('\n'), ...mapped.split('\n')];
    return new Set(files.flatMap((file) => package_.exec(file)?.[1] ?? []));
  } finally {
    await service.terminate();
  }
}
