import { setTimeout as sleep } from 'node:timers/promises';
import { rounded } from '../figures.ts';
import { runLoad } from '../load/wrk.ts';
import { median } from '../statistics.ts';
import type { Run } from './run.ts';

/** One size of the table. */
export interface ReencryptStep {
  readonly members: number;
  readonly rowsPerSecond: number;
  readonly peakRssMb: number;
}

/** What it costs to seal every value anew. */
export interface ReencryptResults {
  readonly steps: readonly ReencryptStep[];
  /** Rows/s of one command without a limit, at the last size. */
  readonly rowsPerSecond: number;
  /** Memory of the command at the last size over that at the first. */
  readonly memoryRatio: number;
  /** Requests/s of the service while a command runs at its own pace, over those while none does. */
  readonly servingRatio: number;
}

/** Rows that the paced run has to do: longer than its turns take. */
const pacedRows = 60_000;

/**
 * An operator rotates the data key and has every value sealed anew: at each size, and beside members who fetch their
 * keys.
 */
export async function runReencrypt({ stage, options, members, say }: Run): Promise<ReencryptResults> {
  const steps: ReencryptStep[] = [];
  let rows = members.length;
  for (const size of options.reencrypt) {
    await stage.fill(Math.max(0, size - rows));
    rows = Math.max(rows, size);
    await stage.command(['data-key', 'rotate']);
    await stage.database.tidy();
    const { result, seconds, peakRssMb } = await stage.command<{ done: number }>([
      'data-key',
      'reencrypt',
      '--rate',
      '0',
    ]);
    const step = { members: rows, rowsPerSecond: rounded(result.done / seconds, 0), peakRssMb: rounded(peakRssMb, 0) };
    say(`  ${step.members} values: ${step.rowsPerSecond}/s, ${step.peakRssMb} MB`);
    steps.push(step);
  }
  const servingRatio = await beside({ stage, options, members, say });
  const [first, last] = [steps[0], steps.at(-1)];
  return {
    steps,
    rowsPerSecond: last?.rowsPerSecond ?? NaN,
    memoryRatio: rounded((last?.peakRssMb ?? NaN) / (first?.peakRssMb ?? NaN), 2),
    servingRatio,
  };
}

/** Turns with and without the command, in pairs. */
async function beside({ stage, options, members, say }: Run): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const service = await stage.startService();
  resources.use(service.process);
  const load = { method: 'GET' as const, connections: options.connections, memberFile: stage.memberFile(members) };
  const turn = async (seconds: number): Promise<number> => {
    const { rps } = await runLoad({ ...load, url: service.url, seconds });
    return rps;
  };
  await turn(options.warmUpSeconds);
  const ratios: number[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const alone = await turn(options.secondsPerTurn);
    await stage.fill(pacedRows);
    await stage.command(['data-key', 'rotate']);
    const command = stage.startCommand(['data-key', 'reencrypt']);
    await sleep(1_500);
    const together = await turn(options.secondsPerTurn);
    await command.kill();
    await stage.command(['data-key', 'reencrypt', '--rate', '0']);
    say(`  alone ${alone.toFixed(0)} req/s, beside the command ${together.toFixed(0)} req/s`);
    ratios.push(together / alone);
  }
  return rounded(median(ratios), 3);
}
