/**
 * `node scripts/dependencies.ts`: measures what production is made of, and writes the figures into
 * docs/dependencies.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { megabytes, ProductionTree } from './dependencies/production-tree.ts';
import { root } from './verify/command.ts';

const tree = new ProductionTree();
const file = join(root, 'docs/dependencies.md');

/** A row whose first cell names packages, or says "everything": its last two cells are packages and MB. */
function measured(line: string): string {
  const [, first = '', why = ''] = line.split('|');
  const names = [...first.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  const isTotal = first.trim() === 'everything';
  if (names.length === 0 && !isTotal) return line;
  const folders = isTotal ? tree.folders : tree.broughtBy(names);
  return `|${first}|${why}| ${folders.length} | ${megabytes(folders).toFixed(1)} |`;
}

const lines = readFileSync(file, 'utf8').split('\n');
writeFileSync(file, lines.map((line) => (line.startsWith('|') ? measured(line) : line)).join('\n'));
process.stdout.write('docs/dependencies.md written; "prettier --write" makes its columns straight.\n');
