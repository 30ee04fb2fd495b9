import type { Member } from './bitwarden/member.js';
import { holdingCallbackPort } from './client/callback-port.js';
import type { Client } from './client/client.js';
import type { Outcome } from './client/run.js';
import type { Company } from './company.js';

/** What a login came to. */
export interface SignedIn {
  readonly client: Client;
  /** Everything that a failed login printed; empty after a good one. */
  readonly complaint: string;
  /** The session key, which `bw` reads from BW_SESSION; empty after a failed login. */
  readonly session: string;
  /** The calls to `/user-keys` that the service saw, such as `GET 200`. */
  readonly calls: readonly string[];
}

type LogIn = (client: Client) => Promise<Outcome>;

/** Logs in with the member's personal API key. */
export function apiKeyLogin(company: Company, member: Member): Promise<SignedIn> {
  return repeated(company, (client) =>
    client.run(['login', '--apikey', '--raw'], {
      env: { BW_CLIENTID: `user.${member.id}`, BW_CLIENTSECRET: member.apiSecret },
    }),
  );
}

/** Logs in at the company's identity provider; a new member is asked to confirm the key connector, and does. */
export function singleSignOn(company: Company, member: Member): Promise<SignedIn> {
  const confirm = { prompt: /confirm the domain below[^]*Confirm/, keys: '\r' };
  return repeated(company, (client) =>
    holdingCallbackPort(() =>
      client.runInTerminal(['login', '--sso', 'company', '--raw'], { SSO_CODE: member.id }, [confirm]),
    ),
  );
}

/** Unlocks with the master password, and takes the offer to remove it in favour of the key connector. */
export async function removeMasterPassword(
  company: Company,
  client: Client,
  masterPassword: string,
): Promise<SignedIn> {
  const remove = { prompt: /Remove master password and unlock/, keys: '\r' };
  const { result: outcome, calls } = await company.watch(() =>
    client.runInTerminal(['unlock', '--passwordenv', 'MASTER_PASSWORD', '--raw'], { MASTER_PASSWORD: masterPassword }, [
      remove,
    ]),
  );
  return { client, complaint: complaintOf(outcome), session: sessionOf(outcome), calls };
}

/**
 * The client itself fails now and then: it looks for the access token that it has just written, and does not find it.
 * That says nothing about the service, so for exactly this message, and only when the service saw no call, the login
 * is repeated on another device.
 */
const clientLostItsToken = 'Failed to decode access token: Access token not found';
const attempts = 20;

async function repeated(company: Company, logIn: LogIn): Promise<SignedIn> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await company.newDevice();
    const { result: outcome, calls } = await company.watch(() => logIn(client));
    const complaint = complaintOf(outcome);
    const lost = calls.length === 0 && complaint.includes(clientLostItsToken);
    if (!lost || attempt === attempts) return { client, complaint, session: sessionOf(outcome), calls };
  }
}

function complaintOf({ exitCode, stdout, stderr }: Outcome): string {
  return exitCode === 0 ? '' : [`exit code ${String(exitCode)}`, stdout, stderr].join('\n').trim();
}

/** `--raw` prints the session key as the last line. */
function sessionOf({ exitCode, stdout }: Outcome): string {
  return exitCode === 0 ? (stdout.split(/\s+/).at(-1) ?? '') : '';
}
