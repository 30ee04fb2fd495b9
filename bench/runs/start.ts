import { setTimeout as sleep } from 'node:timers/promises';
import { memoryMb } from '../../test/lab/processes/proc.ts';
import { rounded } from '../figures.ts';
import { median } from '../statistics.ts';
import type { Run } from './run.ts';

/** What a start costs, medians of several on a database and a build that have seen one before. */
export interface StartResults {
  /** From spawn to the first healthy answer. */
  readonly readyMs: number;
  /** The most memory that it held until it had been ready for a while without a request, in MB of 10^6 bytes. */
  readonly idleMb: number;
}

/** Long enough for what boot has left to do in the background. */
const idleSeconds = 3;

/** Starts the service several times, one after the other. */
export async function runStart({ stage, options }: Pick<Run, 'stage' | 'options'>): Promise<StartResults> {
  const starts: StartResults[] = [];
  for (let start = 0; start < options.starts; start++) {
    await using resources = new AsyncDisposableStack();
    const { process, readyMs } = await stage.startService();
    resources.use(process);
    await sleep(idleSeconds * 1000);
    starts.push({ readyMs, idleMb: memoryMb(process.pid, 'peak') });
  }
  return {
    readyMs: rounded(median(starts.map(({ readyMs }) => readyMs)), 0),
    idleMb: rounded(median(starts.map(({ idleMb }) => idleMb)), 1),
  };
}
