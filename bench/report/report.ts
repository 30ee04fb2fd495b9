import type { Goal } from '../goals.ts';
import { goalTable, type Table, tablesOf } from '../tables.ts';
import type { Results } from '../results.ts';
import { plotsOf } from './plots.ts';

/** The results as one page of HTML, its pictures in it. */
export function reportOf(results: Results, goals: readonly Goal[], setting: string): string {
  const tables = [goalTable(goals), ...tablesOf(results)].map(htmlOf).join('\n');
  const plots = plotsOf(results)
    .map(({ name, svg }) => `<figure id="${name}">${svg}</figure>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Key Connector benchmark</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 1340px; margin: 2em auto; padding: 0 1em; }
  table { border-collapse: collapse; margin: 1em 0; }
  th, td { padding: 0.2em 0.9em; border-bottom: 1px solid #ddd; text-align: right; font-variant-numeric: tabular-nums; }
  th:first-child, td:first-child { text-align: left; }
  figure { display: inline-block; margin: 0.5em; }
</style>
<h1>Key Connector benchmark</h1>
<p>${escape(setting)}. How it is measured, and how to read it: bench/README.md.</p>
${tables}
${plots}
</html>
`;
}

function htmlOf({ title, rows }: Table): string {
  const [head = [], ...others] = rows;
  const cells = (tag: 'th' | 'td', row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${cells('th', [title, ...head.slice(1)])}${others.map((row) => cells('td', row)).join('')}</table>`;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
