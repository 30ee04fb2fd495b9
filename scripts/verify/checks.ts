import { command } from './command.ts';
import { commits } from './commits.ts';
import { decisionRecords } from './decision-records.ts';
import { dockerfile } from './dockerfile.ts';
import { licences } from './licences.ts';
import { models } from './models.ts';
import type { Check } from './outcome.ts';
import { productionTree } from './production-tree.ts';
import { programs } from './programs.ts';
import { cluster, clusterPrograms, tests } from './tests.ts';

/** Where tools keep what they know of files by their content; git ignores it. */
const cache = 'node_modules/.cache';

/** What does not need the rest: it runs side by side, and what waits or takes longest begins. */
export const sideBySide: readonly Check[] = [
  command('test tools', 'node', 'scripts/bootstrap.mjs', 'install'),
  command('lint', 'eslint', '.', '--max-warnings=0'),
  command('build', 'node', 'scripts/build.ts', '--if-changed'),
  command('types', 'tsc', '-p', 'tsconfig.json', '--noEmit', '--tsBuildInfoFile', `${cache}/types.tsbuildinfo`),
  command('format', 'prettier', '--check', '--log-level=warn', '--cache', '--cache-location', `${cache}/prettier`, '.'),
  command('types of the scripts', 'tsc', '-p', 'tsconfig.scripts.json'),
  command(
    'boundaries',
    'depcruise',
    'apps',
    'examples',
    'libs',
    'test',
    'scripts',
    'bench',
    '--config',
    '.dependency-cruiser.cjs',
  ),
  command('folders inside the rooms', 'depcruise', 'libs', '--config', '.dependency-cruiser.folders.cjs'),
  command('unused code', 'knip'),
  ...licences,
  productionTree,
  command('generated references', 'node', 'scripts/bootstrap.mjs', 'generate', '--check'),
  decisionRecords,
  commits,
];

/** What keeps every core busy by itself, one after the other. */
export const oneByOne: readonly Check[] = [programs, clusterPrograms, dockerfile, models];

/** At the same time: both wait for others much of the time, the cluster for pods and the tests for their servers. */
export const together: readonly Check[] = [cluster, tests];
