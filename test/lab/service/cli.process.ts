import { existsSync } from 'node:fs';
import { outcomeOf, type Outcome } from '../processes/child-process.ts';
import { cliEntry, productionEnvironment } from './service.process.ts';

/** Runs `key-connector <args>` of the production build to its end, with exactly these settings (path → value). */
export async function runCli(args: readonly string[], settings: Readonly<Record<string, string>>): Promise<Outcome> {
  if (!existsSync(cliEntry)) throw new Error('There is no build to test: run "npm run build" first.');
  return outcomeOf(process.execPath, [cliEntry, ...args], { env: productionEnvironment(settings) });
}
