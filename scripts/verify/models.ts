import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { tempFolder } from '../../test/lab/files/temp-folder.ts';
import { outcomeOf } from '../../test/lab/processes/child-process.ts';
import { root } from './command.ts';
import { type Check, type Outcome, skip, total, verdict } from './outcome.ts';

/** A model of docs/models as it is checked: whole, or with guards left out. */
interface Variant {
  readonly model: string;
  /** Definitions for spin. */
  readonly defined: readonly string[];
  /** Whether its claims hold; without a guard that they depend on, a counterexample must be found. */
  readonly holds: boolean;
}

const variants: readonly Variant[] = [
  { model: 'member-write', defined: [], holds: true },
  { model: 'member-write', defined: ['NO_COMPARE'], holds: false },
  { model: 'member-write', defined: ['NO_DEADLINE'], holds: false },
  { model: 'member-write', defined: ['OWN_CLOCK'], holds: false },
  { model: 'first-data-key', defined: [], holds: true },
  { model: 'first-data-key', defined: ['NO_LOCK'], holds: true },
  { model: 'first-data-key', defined: ['NO_LOCK', 'OVERWRITE'], holds: false },
  { model: 'first-data-key', defined: ['NO_LOCK', 'KEEP_OWN'], holds: false },
];

const programs = ['/usr/bin/spin', '/usr/bin/gcc'];

/** Spin tries every order of the steps of each model; see docs/models/README.md. */
export const models: Check = {
  name: 'models',
  run: async () => {
    if (!programs.every((program) => existsSync(program))) return skip('models', 'apt-get install spin gcc libc6-dev');
    const outcomes: Outcome[] = [];
    for (const variant of variants) outcomes.push(await check(variant));
    const reports = outcomes.flatMap(({ failed, report = '' }) => (failed > 0 ? [report] : []));
    return { ...total(outcomes), report: reports.join('\n') };
  },
};

async function check({ model, defined, holds }: Variant): Promise<Outcome> {
  const folder = await tempFolder('model');
  try {
    const options = { cwd: folder.path, minutes: 5 };
    const definitions = defined.map((name) => `-D${name}`);
    const name = [`docs/models/${model}.pml`, ...definitions].join(' ');
    const made = await outcomeOf('spin', ['-a', ...definitions, resolve(root, `docs/models/${model}.pml`)], options);
    const built = await outcomeOf('gcc', ['-O1', '-DSAFETY', '-w', '-o', 'pan', 'pan.c'], options);
    // It ends with 0 however many errors it found.
    const { stdout } = await outcomeOf('./pan', ['-m200000'], options);
    const errors = /errors: (\d+)/.exec(stdout)?.[1];
    const searched = errors !== undefined && !stdout.includes('max search depth too small');
    const ok = searched && (errors === '0') === holds;
    const wanted = holds ? 'its claims do not hold' : 'no counterexample was found without that guard';
    return verdict(ok, searched ? `${name}: ${wanted}` : `${name}: ${made.stdout}${built.stderr}${stdout}`);
  } finally {
    await folder.remove();
  }
}
