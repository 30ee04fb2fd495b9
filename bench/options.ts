import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type DatabaseKind, databaseKinds } from './databases/index.ts';
import { readStartCommand } from './targets/start-command.ts';

/** What one run of the benchmark does. */
export interface BenchOptions {
  readonly database: DatabaseKind;
  readonly members: number;
  readonly connections: number;
  /** Turns of each target; a multiple of three gives every target every place in the order equally often. */
  readonly rounds: number;
  readonly secondsPerTurn: number;
  readonly warmUpSeconds: number;
  readonly warmStarts: number;
  /** The built entry point of the service. */
  readonly serviceMain: string;
}

const full = { members: 20_000, rounds: 6, secondsPerTurn: 8, warmUpSeconds: 4, warmStarts: 5 };
const quick = { members: 2_000, rounds: 3, secondsPerTurn: 2, warmUpSeconds: 4, warmStarts: 3 };

export const usage = `npm run bench -- [options]
  --quick               fewer members, shorter rounds: under a minute in total
  --database <kind>     ${databaseKinds.join(', ')} (default postgresql)
  --members <n>         members with a stored key and a token of their own (default ${full.members})
  --connections <n>     open connections of the load generator (default 64)
  --rounds <n>          turns of each target (default ${full.rounds})
  --seconds <n>         length of one turn (default ${full.secondsPerTurn})
  --service <main.js>   measure another build of the service
This machine has ${availableParallelism()} cores.`;

/** Reads the command line; `undefined` when help was asked for. Throws an error that names the bad option. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      database: { type: 'string', default: 'postgresql' },
      members: { type: 'string' },
      connections: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      service: { type: 'string', default: readStartCommand().main },
    },
  });
  if (values.help) return undefined;
  const preset = values.quick ? quick : full;
  return {
    ...preset,
    database: databaseKind(values.database),
    members: count('members', values.members, preset.members),
    connections: count('connections', values.connections, 64),
    rounds: count('rounds', values.rounds, preset.rounds),
    secondsPerTurn: count('seconds', values.seconds, preset.secondsPerTurn),
    serviceMain: values.service,
  };
}

function databaseKind(text: string): DatabaseKind {
  const kind = databaseKinds.find((known) => known === text);
  if (!kind) throw new Error(`--database: "${text}" is not one of ${databaseKinds.join(', ')}.`);
  return kind;
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: "${text}" is not a whole number above 0.`);
  return value;
}
