import { checkAnswers } from './check-answers.ts';
import { type Figures, figuresOf, ratioOf } from './figures.ts';
import type { LoadResult } from './load/load.ts';
import { attack } from './load/vegeta.ts';
import { type Load, runLoad } from './load/wrk.ts';
import { measure, type Plan, type Turn } from './measure.ts';
import type { Member } from './members.ts';
import type { Stage } from './stage.ts';
import { memoryMb } from '../test/lab/processes/proc.ts';
import type { Target } from './targets/target.ts';
import { turnLine } from './turn-line.ts';

/** Members who come while a target is warmed for an open loop; half of them where there are few. */
const warmingMembers = 1000;

/** What is compared, and how long. */
export interface ComparisonPlan {
  readonly method: Load['method'];
  /** The members that the load goes through. */
  readonly members: readonly Member[];
  readonly targets: readonly (() => Promise<Target>)[];
  readonly connections: number;
  /** Requests/s of an open loop of GETs; left out, it is a closed loop, as fast as the target answers. */
  readonly rate?: number;
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

/** Starts the targets, checks their answers, measures them in turns, and checks their answers again. */
export async function compare(stage: Stage, plan: ComparisonPlan, say: (line: string) => void): Promise<Comparison> {
  await using resources = new AsyncDisposableStack();
  const targets: Target[] = [];
  for (const start of plan.targets) {
    const target = await start();
    resources.use(target.process);
    targets.push(target);
  }
  for (const target of targets) await checkAnswers(target, plan.members);
  const turns = await measure({
    targets,
    database: stage.database,
    ...loadsOf(stage, plan),
    rounds: plan.rounds,
    onTurn: (turn) => {
      say(turnLine(turn));
    },
  });
  for (const target of targets) await checkAnswers(target, plan.members);
  return summary(turns, new Map(targets.map(({ name, process }) => [name, memoryMb(process.pid, 'peak')])));
}

/** How targets are warmed, and how they are loaded. */
function loadsOf(stage: Stage, plan: ComparisonPlan): Pick<Plan, 'warmUp' | 'load'> {
  const { method, connections, members, rate, warmUpSeconds, secondsPerTurn: seconds } = plan;
  const closed =
    (some: readonly Member[], seconds: number) =>
    ({ url }: Target): Promise<LoadResult> =>
      runLoad({ url, method, connections, memberFile: stage.memberFile(some), seconds });
  if (rate === undefined) return { warmUp: closed(members, warmUpSeconds), load: closed(members, seconds) };
  // Those who warm a target up do not come again: their access dates are young, and need not be written.
  const warming = Math.min(warmingMembers, Math.floor(members.length / 2));
  const next = inTurn(members.slice(warming));
  return {
    warmUp: closed(members.slice(0, warming), warmUpSeconds),
    load: ({ url }) => attack({ url, members: next(rate * seconds), rate, seconds, connections }),
  };
}

/** Hands out so many members at a time, or all when there are fewer; goes on where it was. */
function inTurn(members: readonly Member[]): (count: number) => Member[] {
  let at = 0;
  return (count) => {
    const some = [...members.slice(at), ...members.slice(0, at)].slice(0, count);
    at = (at + count) % members.length;
    return some;
  };
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
