import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Puts an `xdg-open` into `folder` that acts as the browser of a member who signs in at the company: it reads the
 * client's request from the address and brings the code in SSO_CODE back to the address that the client listens on.
 */
export async function installBrowser(folder: string): Promise<void> {
  const file = join(folder, 'xdg-open');
  await writeFile(file, `#!${process.execPath}\n${source}`);
  await chmod(file, 0o755);
}

// The client waits for xdg-open to end before it answers on its own port: a child of the script makes the request.
const source = `
const { spawn } = require('node:child_process');
if (process.argv[3] === 'in-background') {
  fetch(process.argv[2]);
} else {
  const asked = new URLSearchParams(new URL(process.argv[2]).hash.replace(/^.*[?]/, ''));
  const back = new URL(asked.get('redirectUri'));
  back.searchParams.set('code', process.env.SSO_CODE);
  back.searchParams.set('state', asked.get('state') + '_identifier=' + asked.get('identifier'));
  spawn(process.execPath, [__filename, back.href, 'in-background'], { detached: true, stdio: 'ignore' }).unref();
}
`;
