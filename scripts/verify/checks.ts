import { command } from './command.ts';
import { commits } from './commits.ts';
import { decisionRecords } from './decision-records.ts';
import { licences } from './licences.ts';
import type { Check } from './outcome.ts';
import { productionTree } from './production-tree.ts';
import { programs } from './programs.ts';
import { tests } from './tests.ts';

/** Checks that only read the tree: they run side by side. */
export const readers: readonly Check[] = [
  command('lint', 'eslint', '.', '--max-warnings=0'),
  command('format', 'prettier', '--check', '--log-level=warn', '.'),
  command('types', 'tsc', '-p', 'tsconfig.json', '--noEmit', '--incremental', 'false'),
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
  command('unused code', 'knip'),
  ...licences,
  productionTree,
  command('generated references', 'node', 'scripts/bootstrap.mjs', 'generate', '--check'),
  decisionRecords,
  commits,
];

/** What the tests need, then the tests: one after the other. */
export const steps: readonly Check[] = [
  programs,
  command('test tools', 'node', 'scripts/bootstrap.mjs', 'install'),
  command('build', 'nest', 'build', 'key-connector'),
  command('build of the commands', 'nest', 'build', 'cli'),
  command('build of the key provider contract', 'nest', 'build', 'key-provider'),
  command('build of the demo issuer', 'nest', 'build', 'demo-issuer'),
  tests,
];
