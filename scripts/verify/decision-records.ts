import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './command.ts';
import { type Check, verdict } from './outcome.ts';

const folder = join(root, 'docs/adr');

/** Decision records are numbered without a gap, and each is in the index under its own title. */
export const decisionRecords: Check = {
  name: 'decision records',
  run: async () => {
    const index = await readFile(join(folder, 'README.md'), 'utf8');
    const files = (await readdir(folder)).filter((file) => file !== 'README.md').sort();
    const problems = await Promise.all(files.map((file, position) => problemsOf(file, position + 1, index)));
    const rows = index.match(/^\| \d{4} /gm)?.length ?? 0;
    const surplus = rows > files.length ? [`docs/adr/README.md: ${rows} rows for ${files.length} records.`] : [];
    const report = [...problems.flat(), ...surplus].join('\n');
    return verdict(files.length > 0 && report === '', report);
  },
};

async function problemsOf(file: string, number: number, index: string): Promise<string[]> {
  const expected = String(number).padStart(4, '0');
  if (!file.startsWith(`${expected}-`)) return [`docs/adr/${file}: its number should be ${expected}.`];
  const [heading = ''] = (await readFile(join(folder, file), 'utf8')).split('\n');
  const prefix = `# ${number}. `;
  if (!heading.startsWith(prefix)) return [`docs/adr/${file}: its first line should begin with "${prefix}".`];
  const title = heading.slice(prefix.length);
  const isListed = new RegExp(`^\\| ${expected} +\\| `, 'm').test(index) && index.includes(`[${title}](${file})`);
  return isListed ? [] : [`docs/adr/README.md: lacks the row | ${expected} | [${title}](${file}) |.`];
}
