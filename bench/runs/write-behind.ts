import { compare } from '../comparison.ts';
import type { Figures } from '../figures.ts';
import { planOf, type Run } from './run.ts';

/** What it costs to write access dates behind the reads. */
export interface WriteBehindResults {
  readonly service: Figures;
  readonly exactDates: Figures;
  readonly withoutDates: Figures;
  /** Requests/s with dates over those without. */
  readonly ratio: number;
  /** The same with a date for each read. */
  readonly exactRatio: number;
}

/**
 * Members fetch their keys from services that keep access dates, as they are and exact, and from one that keeps none.
 */
export async function runWriteBehind(run: Run): Promise<WriteBehindResults> {
  const { stage } = run;
  const targets = [
    () => stage.startService(),
    () => stage.startService({ name: 'exactDates', settings: { userKeys__accessResolutionSeconds: '0' } }),
    () => stage.startService({ name: 'withoutDates', settings: { userKeys__recordAccessDates: 'false' } }),
  ];
  const compared = await compare(stage, { ...planOf(run), method: 'GET', targets }, run.say);
  return {
    service: compared.of('service'),
    exactDates: compared.of('exactDates'),
    withoutDates: compared.of('withoutDates'),
    ratio: compared.ratio('service', 'withoutDates'),
    exactRatio: compared.ratio('exactDates', 'withoutDates'),
  };
}
