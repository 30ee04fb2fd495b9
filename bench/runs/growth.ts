import { compare } from '../comparison.ts';
import { type Figures, rounded } from '../figures.ts';
import { planOf, type Run } from './run.ts';
import { runStart, type StartResults } from './start.ts';

/** One size of the table. */
export interface GrowthStep {
  readonly members: number;
  /** What the table takes on the disk with its indices, over the members. */
  readonly bytesPerMember: number;
  readonly start: StartResults;
  readonly service: Figures;
  readonly baselineA: Figures;
  readonly ratioA: number;
}

/** How the service follows the number of members. */
export interface GrowthResults {
  readonly steps: readonly GrowthStep[];
}

/**
 * Members fetch their keys from a table that grows. Of a large table, those who come are the members of the run; the
 * others only fill it. Starts on an empty table.
 */
export async function runGrowth({ stage, options, say }: Omit<Run, 'members'>): Promise<GrowthResults> {
  const steps: GrowthStep[] = [];
  const members = await stage.enrol(Math.min(options.members, options.growth[0] ?? 0));
  let rows = members.length;
  for (const size of options.growth) {
    const coming = Math.min(options.members, size);
    members.push(...(await stage.enrol(coming - members.length)));
    await stage.crowd(size - Math.max(rows, coming));
    rows = size;
    await stage.database.tidy();
    const bytesPerMember = rounded((await stage.database.tableBytes()) / size, 0);
    const start = await runStart({ stage, options });
    say(`  ${size} members: ${bytesPerMember} bytes on the disk for each, ${start.readyMs} ms from start to ready`);
    const targets = [() => stage.startService(), () => stage.startBaseline('baselineA')];
    const plan = { ...planOf({ stage, options, say, members }), method: 'GET' as const, targets };
    const compared = await compare(stage, plan, say);
    steps.push({
      members: size,
      bytesPerMember,
      start,
      service: compared.of('service'),
      baselineA: compared.of('baselineA'),
      ratioA: compared.ratio('service', 'baselineA'),
    });
  }
  return { steps };
}
