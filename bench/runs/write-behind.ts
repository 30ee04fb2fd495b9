import { compare } from '../comparison.ts';
import type { Figures } from '../figures.ts';
import { planOf, type Run } from './run.ts';

/** What it costs to write access dates behind the reads. */
export interface WriteBehindResults {
  readonly service: Figures;
  readonly withoutDates: Figures;
  /** Requests/s with dates over those without. */
  readonly ratio: number;
}

/** Members fetch their keys from a service that keeps access dates, and from one that keeps none. */
export async function runWriteBehind(run: Run): Promise<WriteBehindResults> {
  const { stage } = run;
  const settings = { userKeys__recordAccessDates: 'false' };
  const targets = [() => stage.startService(), () => stage.startService({ name: 'withoutDates', settings })];
  const compared = await compare(stage, { ...planOf(run), method: 'GET', targets }, run.say);
  return {
    service: compared.of('service'),
    withoutDates: compared.of('withoutDates'),
    ratio: compared.ratio('service', 'withoutDates'),
  };
}
