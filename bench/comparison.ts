import { checkAnswers } from './check-answers.ts';
import { type Figures, figuresOf, ratioOf } from './figures.ts';
import { runLoad, type Load } from './load/wrk.ts';
import { measure, type Turn } from './measure.ts';
import type { Member } from './members.ts';
import type { Stage } from './stage.ts';
import { memoryMb } from '../test/lab/processes/proc.ts';
import type { Target } from './targets/target.ts';
import { turnLine } from './turn-line.ts';

/** What is compared, and how long. */
export interface ComparisonPlan {
  readonly method: Load['method'];
  /** The members that the load goes through. */
  readonly members: readonly Member[];
  readonly targets: readonly (() => Promise<Target>)[];
  readonly connections: number;
  readonly rounds: number;
  readonly secondsPerTurn: number;
  readonly warmUpSeconds: number;
}

/** What came out for each target. */
export interface Comparison {
  of(target: string): Figures;
  /** Requests/s of one target over those of another. */
  ratio(target: string, baseline: string): number;
}

/** Starts the targets, checks their answers, warms them up, measures them in turns, and checks their answers again. */
export async function compare(stage: Stage, plan: ComparisonPlan, say: (line: string) => void): Promise<Comparison> {
  await using resources = new AsyncDisposableStack();
  const { method, connections, members, warmUpSeconds } = plan;
  const targets: Target[] = [];
  for (const start of plan.targets) {
    const target = await start();
    resources.use(target.process);
    targets.push(target);
  }
  const load = { method, connections, memberFile: stage.memberFile(members) };
  for (const target of targets) {
    await checkAnswers(target, members);
    await runLoad({ ...load, url: target.url, seconds: warmUpSeconds });
  }
  const turns = await measure({
    targets,
    database: stage.database,
    load: { ...load, seconds: plan.secondsPerTurn },
    rounds: plan.rounds,
    onTurn: (turn) => {
      say(turnLine(turn));
    },
  });
  for (const target of targets) await checkAnswers(target, members);
  return summary(turns, new Map(targets.map(({ name, process }) => [name, memoryMb(process.pid, 'peak')])));
}

function summary(turns: readonly Turn[], peaks: ReadonlyMap<string, number>): Comparison {
  return {
    of: (target) =>
      figuresOf(
        turns.filter((turn) => turn.target === target),
        peaks.get(target) ?? NaN,
      ),
    ratio: (target, baseline) => ratioOf(turns, target, baseline),
  };
}
