import { compare } from '../comparison.ts';
import type { Figures } from '../figures.ts';
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
  readonly steps: readonly RateStep[];
}

/** Members fetch their keys at fixed rates; `capacityA`, in requests/s, is measured when it is needed and not known. */
export async function runRates(run: Run, capacityA?: number): Promise<RatesResults> {
  const { stage, options, say } = run;
  const steps: RateStep[] = [];
  for (const due of options.rates) {
    const rate =
      typeof due === 'number' ? due : Math.round(((capacityA ??= await capacityOf(run)) * due.percentOfA) / 100);
    say(`  ${rate} requests/s`);
    const targets = [() => stage.startService(), () => stage.startBaseline('baselineA')];
    const compared = await compare(stage, { ...planOf(run), method: 'GET', rate, targets }, say);
    steps.push({ rate, service: compared.of('service'), baselineA: compared.of('baselineA') });
  }
  return { steps };
}

/** Requests/s of baseline A in a closed loop. */
async function capacityOf(run: Run): Promise<number> {
  const targets = [() => run.stage.startBaseline('baselineA')];
  const compared = await compare(run.stage, { ...planOf(run), method: 'GET', rounds: 1, targets }, run.say);
  return compared.of('baselineA').rps;
}
