import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ProductionTree } from '../dependencies/production-tree.ts';
import { root, run } from './command.ts';
import { type Check, verdict } from './outcome.ts';

/**
 * What belongs on a developer's machine: compilers, bundlers, formatters, test and scaffolding tools, and what was once
 * brought by mistake.
 */
const tools =
  /^(typescript|prettier|eslint|jest|mocha|vitest|knip|inquirer|apache-arrow|esbuild|webpack|rollup|vite|terser|ts-node|tsx|node-gyp|nest|swc|babel-core)$|^@(babel|swc|jest|eslint|typescript-eslint|commitlint)\/|^@nestjs\/(cli|schematics|testing)$/;

/**
 * What `npm ci --omit=dev` installs holds no tools, no conflict, and no direct dependency without a use and a reason.
 */
export const productionTree: Check = {
  name: 'production tree',
  run: async () => {
    const tree = new ProductionTree();
    const problems = [...tree.folders.flatMap(toolIn), ...unused(tree), ...unexplained(tree), ...(await conflicts())];
    return verdict(problems.length === 0, problems.join('\n'));
  },
};

function toolIn(folder: string): string[] {
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return tools.test(name) ? [`${folder} is a tool: find with "npm explain ${name}" what brings it to production.`] : [];
}

function unused(tree: ProductionTree): string[] {
  const files = globSync('{apps,libs}/**/*.ts', { cwd: root }).filter(
    (file) => !/\/testing\/|^apps\/demo-issuer\//.test(file) && !/\.(spec|suite)\.ts$/.test(basename(file)),
  );
  const source = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const isImported = (name: string): boolean => new RegExp(`(from|import|require)[ (]'${name}(/[^']*)?'`).test(source);
  return tree.direct
    .filter((name) => !isImported(name) && !tree.isPeer(name))
    .map((name) => `package.json: nothing in apps or libs imports ${name}, and no dependency wants it as a peer.`);
}

function unexplained(tree: ProductionTree): string[] {
  const rows = readFileSync(join(root, 'docs/dependencies.md'), 'utf8').match(/^\| `[^`]+` +\|/gm) ?? [];
  const explained = rows.map((row) => row.split('`')[1] ?? '');
  const missing = tree.direct.filter((name) => !explained.includes(name));
  const surplus = explained.filter((name) => !tree.direct.includes(name));
  return [
    ...missing.map((name) => `docs/dependencies.md: lacks a row for ${name}.`),
    ...surplus.map((name) => `docs/dependencies.md: ${name} is no dependency any more.`),
  ];
}

/**
 * What npm finds wrong with versions and peers, the development packages included; not what is left of older installs.
 */
async function conflicts(): Promise<string[]> {
  const { output } = await run('npm', ['ls', '--all', '--json', '--silent']);
  const { problems = [] } = JSON.parse(output) as { problems?: string[] };
  return problems.filter((problem) => !problem.startsWith('extraneous:'));
}
