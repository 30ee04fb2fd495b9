import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childrenOf, memoryMb } from '../processes/proc.ts';
import { type ServiceOptions, startService, unbundledService } from './service.process.ts';

/**
 * Where to write what starts cost: `START_COSTS=costs.jsonl npm test -- test/key-providers`; measured only where it is
 * given.
 */
export const startCostsFile = process.env['START_COSTS'];

/** The middle one of these is taken. */
const starts = 5;

/** Measures starts of the service, not bundled, until it is ready, and appends one line with the figures. */
export async function recordStartCost(name: string, folder: string, options: ServiceOptions): Promise<void> {
  const costs: { readonly readyMs: number; readonly residentMb: number }[] = [];
  for (let i = 0; i < starts; i += 1) {
    const begin = performance.now();
    const service = await startService({ entry: unbundledService, ...options });
    const readyMs = Math.round(performance.now() - begin);
    const residents = [service.pid, ...childrenOf(service.pid)].map((pid) => memoryMb(pid, 'now'));
    costs.push({ readyMs, residentMb: Math.round(residents.reduce((sum, one) => sum + one, 0)) });
    await service.terminate();
  }
  const median = (of: 'readyMs' | 'residentMb'): number | undefined =>
    costs.map((cost) => cost[of]).sort((a, b) => a - b)[Math.floor(starts / 2)];
  const { size: packages } = await packagesLoadedAtStart(folder, options);
  const line = { name, readyMs: median('readyMs'), residentMb: median('residentMb'), packages };
  await appendFile(startCostsFile ?? '', `${JSON.stringify(line)}\n`);
}

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
 * Starts the service, not bundled, waits until it is ready, and gives the names of the packages that it has loaded code
 * of, native code included.
 */
export async function packagesLoadedAtStart(folder: string, options: ServiceOptions): Promise<ReadonlySet<string>> {
  const [hookFile, loaded] = [join(folder, 'hook.mjs'), join(folder, 'loaded.txt')];
  await writeFile(hookFile, hook(loaded));
  await writeFile(loaded, '');
  const env = { ...options.env, NODE_OPTIONS: `--import=${hookFile}` };
  const service = await startService({ entry: unbundledService, ...options, env });
  try {
    const mapped = await readFile(`/proc/${service.pid}/maps`, 'utf8');
    const files = [...(await readFile(loaded, 'utf8')).split('\n'), ...mapped.split('\n')];
    return new Set(files.flatMap((file) => package_.exec(file)?.[1] ?? []));
  } finally {
    await service.terminate();
  }
}
