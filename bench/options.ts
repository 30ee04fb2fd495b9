import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type DatabaseKind, databaseKinds } from './databases/index.ts';
import { readStartCommand } from './targets/start-command.ts';

/** The parts of the benchmark, in the order in which they run; but growth comes first. */
const parts = ['start', 'get', 'rates', 'put', 'write-behind', 'growth', 'reencrypt'] as const;
export type Part = (typeof parts)[number];

/** Requests/s, or so much of what baseline A can do. */
export type Rate = number | { readonly percentOfA: number };

/** What one run of the benchmark does. */
export interface BenchOptions {
  readonly database: DatabaseKind;
  readonly parts: readonly Part[];
  readonly members: number;
  readonly connections: number;
  /** Turns of each target; a multiple of three gives every target every place in the order equally often. */
  readonly rounds: number;
  readonly secondsPerTurn: number;
  readonly warmUpSeconds: number;
  /** How often the service is started to see what a start costs. */
  readonly starts: number;
  /** What the rates part goes through. */
  readonly rates: readonly Rate[];
  /** Sizes of the table in the growth part. */
  readonly growth: readonly number[];
  /** Sizes of the table in the reencrypt part. */
  readonly reencrypt: readonly number[];
  /** The built entry point of the service. */
  readonly serviceMain: string;
}

const usualRates = '100,500,1500,80%';

const full = {
  parts: 'start,get,rates,put,write-behind',
  members: 20_000,
  rounds: 6,
  secondsPerTurn: 8,
  warmUpSeconds: 6,
  starts: 5,
  growth: [1000, 100_000, 1_000_000],
  reencrypt: [10_000, 100_000, 1_000_000],
};
const quick: typeof full = {
  parts: 'start,get,put',
  members: 2000,
  rounds: 3,
  secondsPerTurn: 2,
  warmUpSeconds: 4,
  starts: 3,
  growth: [1000, 10_000],
  reencrypt: [10_000, 50_000],
};

export const usage = `npm run bench -- [options]
  --quick               fewer members, shorter rounds: about two minutes in total
  --database <kind>     ${databaseKinds.join(', ')} (default postgresql)
  --parts <list>        of ${parts.join(',')} (default ${full.parts}; with --quick ${quick.parts})
  --members <n>         members with a stored key and a token of their own (default ${full.members})
  --connections <n>     open connections of the load generator (default 64)
  --rounds <n>          turns of each target (default ${full.rounds})
  --seconds <n>         length of one turn (default ${full.secondsPerTurn})
  --rates <list>        requests/s of the rates part, or % of what baseline A can do (default ${usualRates})
  --service <main.js>   measure another build of the service
  --most-members <n>    the largest table of the growth part (default ${full.growth.at(-1)})
The growth part measures at ${full.growth.join(', ')} members; with --quick at ${quick.growth.join(', ')}.
This machine has ${availableParallelism()} cores.`;

/** Reads the command line; `undefined` when help was asked for. Throws an error that names the bad option. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      database: { type: 'string', default: 'postgresql' },
      parts: { type: 'string' },
      members: { type: 'string' },
      connections: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rates: { type: 'string', default: usualRates },
      'most-members': { type: 'string' },
      service: { type: 'string', default: readStartCommand().main },
    },
  });
  if (values.help) return undefined;
  const preset = values.quick ? quick : full;
  return {
    ...preset,
    database: oneOf('database', databaseKinds, values.database),
    parts: (values.parts ?? preset.parts).split(',').map((part) => oneOf('parts', parts, part)),
    members: count('members', values.members, preset.members),
    connections: count('connections', values.connections, 64),
    rounds: count('rounds', values.rounds, preset.rounds),
    growth: growthTo(count('most-members', values['most-members'], preset.growth.at(-1) ?? 0), preset.growth),
    rates: values.rates.split(',').map(rateOf),
    secondsPerTurn: count('seconds', values.seconds, preset.secondsPerTurn),
    serviceMain: values.service,
  };
}

function rateOf(text: string): Rate {
  if (!text.endsWith('%')) return count('rates', text, NaN);
  return { percentOfA: count('rates', text.slice(0, -1), NaN) };
}

/** The usual sizes below the largest one, and that. */
function growthTo(most: number, usual: readonly number[]): number[] {
  return [...usual.filter((size) => size < most), most];
}

function oneOf<T extends string>(name: string, known: readonly T[], text: string): T {
  const found = known.find((one) => one === text);
  if (found === undefined) throw new Error(`--${name}: "${text}" is not one of ${known.join(', ')}.`);
  return found;
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: "${text}" is not a whole number above 0.`);
  return value;
}
