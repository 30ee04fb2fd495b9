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

/**
 * Lets a new member's client enrol, and gives a login that can be used.
 *
 * A client that has lost the account keys at the end has enrolled all the same: the member logs in on another device,
 * as a person would. The enrolment is not repeated, and `calls` are those of the enrolment.
 */
export async function enrol(company: Company, member: Member): Promise<SignedIn> {
  const first = await singleSignOn(company, member);
  const acknowledged = member.account !== undefined && first.calls.at(-1)?.endsWith(' 200');
  if (!acknowledged || !first.complaint.includes(lostItsKeys)) return first;
  return { ...(await apiKeyLogin(company, member)), calls: first.calls };
}

/** Unlocks with the master password, and takes the offer to remove it in favour of the key connector. */
export async function removeMasterPassword(
  company: Company,
  client: Client,
  masterPassword: string,
): Promise<SignedIn> {
  const remove = { prompt: /Remove master password and unlock/, keys: '\r' };
  const { result: outcome, calls } = await company.keyConnector.watch(() =>
    client.runInTerminal(['unlock', '--passwordenv', 'MASTER_PASSWORD', '--raw'], { MASTER_PASSWORD: masterPassword }, [
      remove,
    ]),
  );
  return { client, complaint: complaintOf(outcome), session: sessionOf(outcome), calls };
}

// The fault strikes about one login in five: eight in a row are a sign of something else.
const attempts = 8;

/**
 * Logs in on a new device; again, on another one, for exactly one fault of the client and while the service saw no
 * call.
 */
async function repeated(company: Company, logIn: LogIn): Promise<SignedIn> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await company.newDevice();
    const { result: outcome, calls } = await company.keyConnector.watch(() => logIn(client));
    const complaint = complaintOf(outcome);
    const lost = calls.length === 0 && complaint.includes(lostItsToken);
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

/*
 * The client reads its own state through a cache that its writes reach late, so now and then it does not find what it
 * has just written to its disk. That says nothing about the service; these are the two forms in which it was seen.
 */

/** During a login, before the first call to the service: nothing has happened yet, so the login may be repeated. */
const lostItsToken = 'Failed to decode access token: Access token not found';

/** At the end of an enrolment, when both servers have acknowledged: nothing is left to repeat. */
const lostItsKeys = 'Account cryptographic state is required is null or undefined';
