import { existsSync } from 'node:fs';
import { join } from 'node:path';

const program = join(process.cwd(), 'test/tools/node_modules/@bitwarden/cli/build/bw.js');

/** The client's program file; each run is a Node process of its own. */
export const clientProgram = process.env['TEST_BW_PROGRAM'] ?? program;

/** Why the journeys cannot run on this machine; `undefined` where they can. */
export function missingForClient(): string | undefined {
  if (!existsSync(clientProgram)) return 'the @bitwarden/cli package is not installed: npm ci --prefix test/tools';
  if (process.platform !== 'linux') return 'the client is driven through a Linux pseudo-terminal (script, xdg-open)';
  return undefined;
}
