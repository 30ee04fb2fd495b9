import { compare } from '../comparison.ts';
import type { Figures } from '../figures.ts';
import { planOf, type Run } from './run.ts';

/** `PUT /user-keys` beside a hand-written handler with a single upsert. */
export interface PutResults {
  readonly service: Figures;
  readonly baselineA: Figures;
  readonly ratioA: number;
}

/** Members store their keys again. */
export async function runPut(run: Run): Promise<PutResults> {
  const { stage } = run;
  // Members do not store a key a second time within minutes, load does: the service would open each row to compare it.
  const settings = { userKeys__replaceGuardMinutes: '0' };
  const targets = [() => stage.startService({ settings }), () => stage.startBaseline('baselineA')];
  const compared = await compare(stage, { ...planOf(run), method: 'PUT', targets }, run.say);
  return {
    service: compared.of('service'),
    baselineA: compared.of('baselineA'),
    ratioA: compared.ratio('service', 'baselineA'),
  };
}
