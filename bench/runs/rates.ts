import { compare } from '../comparison.ts';
import { type Figures, rounded } from '../figures.ts';
import { planOf, type Run } from './run.ts';

/** One rate. */
export interface RateStep {
  /** Requests/s that are due. */
  readonly rate: number;
  readonly service: Figures;
  readonly baselineA: Figures;
}

/** `GET /user-keys` at rates that do not depend on the answers. */
export interface RatesResults {
  /** Requests/s of baseline A in a closed loop; the last rate is a part of it. */
  readonly capacityA: number;
  readonly steps: readonly RateStep[];
}

/** Of baseline A's capacity. */
const highestLoad = 0.8;

/** Members fetch their keys at fixed rates; `capacityA` is measured when it is not known. */
export async function runRates(run: Run, capacityA?: number): Promise<RatesResults> {
  const capacity = capacityA ?? (await measureCapacity(run));
  const { stage, options, say } = run;
  const steps: RateStep[] = [];
  for (const rate of [...options.rates, Math.round(capacity * highestLoad)]) {
    say(`  ${rate} requests/s`);
    const targets = [() => stage.startService(), () => stage.startBaseline('baselineA')];
    const compared = await compare(stage, { ...planOf(run), method: 'GET', rate, targets }, say);
    steps.push({ rate, service: compared.of('service'), baselineA: compared.of('baselineA') });
  }
  return { capacityA: rounded(capacity, 0), steps };
}

async function measureCapacity(run: Run): Promise<number> {
  const targets = [() => run.stage.startBaseline('baselineA')];
  const compared = await compare(run.stage, { ...planOf(run), method: 'GET', rounds: 1, targets }, run.say);
  return compared.of('baselineA').rps;
}
