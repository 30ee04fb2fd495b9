import { compare } from '../comparison.ts';
import type { Figures } from '../figures.ts';
import { planOf, type Run } from './run.ts';

/** `GET /user-keys` beside both baselines. */
export interface GetResults {
  readonly service: Figures;
  readonly baselineA: Figures;
  readonly baselineB: Figures;
  readonly ratioA: number;
  readonly ratioB: number;
}

/** Members fetch their keys. */
export async function runGet(run: Run): Promise<GetResults> {
  const { stage } = run;
  const targets = [
    () => stage.startService(),
    () => stage.startBaseline('baselineA'),
    () => stage.startBaseline('baselineB'),
  ];
  const compared = await compare(stage, { ...planOf(run), method: 'GET', targets }, run.say);
  return {
    service: compared.of('service'),
    baselineA: compared.of('baselineA'),
    baselineB: compared.of('baselineB'),
    ratioA: compared.ratio('service', 'baselineA'),
    ratioB: compared.ratio('service', 'baselineB'),
  };
}
