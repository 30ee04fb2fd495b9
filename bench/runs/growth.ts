import { compare } from '../comparison.ts';
import { type Figures, rounded } from '../figures.ts';
import { planOf, type Run } from './run.ts';

/** One size of the table. */
export interface GrowthStep {
  readonly members: number;
  readonly service: Figures;
  readonly baselineA: Figures;
  readonly ratioA: number;
}

/** How throughput follows the number of members. */
export interface GrowthResults {
  readonly steps: readonly GrowthStep[];
  /** Requests/s of the service at the last size over those at the first. */
  readonly ratio: number;
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
    await stage.fill(size - Math.max(rows, coming));
    rows = size;
    say(`  ${size} members`);
    const targets = [() => stage.startService(), () => stage.startBaseline('baselineA')];
    const plan = { ...planOf({ stage, options, say, members }), method: 'GET' as const, targets };
    const compared = await compare(stage, plan, say);
    steps.push({
      members: size,
      service: compared.of('service'),
      baselineA: compared.of('baselineA'),
      ratioA: compared.ratio('service', 'baselineA'),
    });
  }
  const rps = (step: GrowthStep | undefined): number => step?.service.rps ?? NaN;
  return { steps, ratio: rounded(rps(steps.at(-1)) / rps(steps[0]), 3) };
}
