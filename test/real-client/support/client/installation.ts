import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The client's program file; each run is a Node process of its own. */
export const clientProgram = resolve(import.meta.dirname, '../../../tools/node_modules/@bitwarden/cli/build/bw.js');

/** Why the journeys cannot run on this machine; `undefined` where they can. */
export function missingForClient(): string | undefined {
  if (!existsSync(clientProgram)) return 'the @bitwarden/cli package is not installed: npm ci --prefix test/tools';
  if (process.platform !== 'linux') return 'the client is driven through a Linux pseudo-terminal (script, xdg-open)';
  if (!existsSync('/usr/bin/script')) return 'there is no /usr/bin/script (util-linux) for a pseudo-terminal';
  return undefined;
}
