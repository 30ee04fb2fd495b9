import { appendFile } from 'node:fs/promises';
import { childrenOf, memoryMb } from '../processes/proc.ts';
import { packagesLoadedAtStart } from './loaded-packages.ts';
import { type ServiceOptions, startService } from './service.process.ts';

/** Where to write what starts cost: `START_COSTS=costs.jsonl npm test -- test/key-providers`; measured only where it is given. */
export const startCostsFile = process.env['START_COSTS'];

/** The middle one of these is taken. */
const starts = 5;

/** Measures starts of the service until it is ready, and appends one line with the figures. */
export async function recordStartCost(name: string, folder: string, options: ServiceOptions): Promise<void> {
  const costs: { readonly readyMs: number; readonly residentMb: number }[] = [];
  for (let i = 0; i < starts; i += 1) {
    const begin = performance.now();
    const service = await startService(options);
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
