import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `npm start` runs, so that the service is measured with the flags it has in production. */
export interface StartCommand {
  readonly nodeOptions: readonly string[];
  readonly main: string;
}

/** Reads the script `start` of package.json: `node <options> <main>`. */
export function readStartCommand(): StartCommand {
  const file = join(import.meta.dirname, '../../package.json');
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts: { start: string } };
  const [program, ...words] = scripts.start.split(' ');
  const main = words.pop();
  if (program !== 'node' || main === undefined || words.some((word) => !word.startsWith('--'))) {
    throw new Error(`${file}: the script "start" is not "node <options> <main>", but: ${scripts.start}`);
  }
  return { nodeOptions: words, main };
}
