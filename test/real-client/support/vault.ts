import { z } from 'zod';
import type { Login } from './bitwarden/enrolled-member.js';
import type { Outcome } from './client/run.js';
import type { SignedIn } from './sign-in.js';

const items = z.array(z.object({ name: z.string(), login: z.object({ username: z.string(), password: z.string() }) }));

/** What `bw list items` shows after a login: the member's vault, decrypted by the client. */
export async function listLogins(signedIn: SignedIn): Promise<Login[]> {
  const { stdout } = succeeded(await signedIn.client.run(['list', 'items'], { env: { BW_SESSION: signedIn.session } }));
  return items.parse(JSON.parse(stdout)).map(({ name, login }) => ({ name, ...login }));
}

/** Lets the client encrypt and save a login. */
export async function addLogin(signedIn: SignedIn, { name, username, password }: Login): Promise<void> {
  const item = { type: 1, name, notes: null, favorite: false, reprompt: 0, fields: [], login: { username, password } };
  const input = Buffer.from(JSON.stringify(item)).toString('base64');
  succeeded(await signedIn.client.run(['create', 'item'], { env: { BW_SESSION: signedIn.session }, input }));
}

function succeeded(outcome: Outcome): Outcome {
  if (outcome.exitCode === 0) return outcome;
  throw new Error(`bw ended with ${String(outcome.exitCode)}:\n${outcome.stdout}\n${outcome.stderr}`);
}
