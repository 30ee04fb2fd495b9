import { FileUnreadable, readSmallText, Secret } from '@key-connector/common';
import { z } from 'zod';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import type { VaultApi } from './vault-api.js';
import type { VaultLease, VaultTokens } from './token-renewal.js';
import { loginSettings, type VaultAuth, type VaultAuthKind, type VaultBranch } from './vault.settings.js';

/** What a login, and a renewal, answers; `lease_duration` in seconds, 0 for a token that does not end. */
const authAnswer = z.object({
  auth: z.object({
    client_token: z
      .string()
      .min(1)
      .transform((token) => new Secret(token)),
    lease_duration: z.number().nonnegative(),
    renewable: z.boolean(),
  }),
});

/** What a token's look-up of itself answers; `ttl` in seconds, 0 for a token that does not end. */
const lookupAnswer = z.object({ data: z.object({ ttl: z.number().nonnegative(), renewable: z.boolean() }) });

const errorAnswer = z.object({ errors: z.array(z.string()) });

/** Vault's own words about a refusal, in one line, without anything that was sent to it in confidence. */
function saidBy(body: unknown, hidden: readonly Secret[]): string {
  const { errors = [] } = errorAnswer.safeParse(body).data ?? {};
  const said = hidden.reduce((text, secret) => text.replaceAll(secret.reveal(), '***'), errors.join('; '));
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, 300) || 'no reason given';
}

type LogIn<K extends VaultAuthKind> = (api: VaultApi, auth: VaultAuth<K>) => Promise<VaultLease>;

/** For each way to log in, how it gets a token. */
const logIn: { readonly [K in VaultAuthKind]: LogIn<K> } = {
  /** A token that may not look itself up is taken as one that does not end: what it is for decides. */
  token: async (api, { token }) => {
    const { body } = await api.send({ method: 'GET', path: 'auth/token/lookup-self' }, token);
    const found = lookupAnswer.safeParse(body).data?.data;
    return { token, seconds: secondsOf(found?.ttl ?? 0), renewable: found?.renewable ?? false };
  },

  /** Whoever writes the file renews the token. */
  tokenFile: async ({ connection }, { path }) => ({
    token: await readCredential(path, settingName(connection.branch, loginSettings.tokenFile)),
    seconds: 0,
    renewable: false,
  }),

  kubernetes: async (api, { mount, role, jwtPath }) => {
    const jwt = await readCredential(jwtPath, settingName(api.connection.branch, 'vaultKubernetesJwtPath'));
    return post(api, 'kubernetes', mount, { role: new Secret(role), jwt });
  },

  appRole: async (api, { mount, roleId, secret }) => {
    const setting = settingName(api.connection.branch, 'vaultAppRoleSecretIdPath');
    const secretId = 'value' in secret ? secret.value : await readCredential(secret.path, setting);
    return post(api, 'appRole', mount, { role_id: new Secret(roleId), secret_id: secretId });
  },
};

/** Logs in to Vault in the chosen way. */
export class VaultLogin implements VaultTokens {
  constructor(private readonly api: VaultApi) {}

  logIn(): Promise<VaultLease> {
    return run(this.api, this.api.connection.auth);
  }

  async renew(token: Secret): Promise<VaultLease | undefined> {
    const { body } = await this.api.send({ method: 'POST', path: 'auth/token/renew-self', body: {} }, token);
    return leaseOf(authAnswer.safeParse(body).data);
  }
}

function run<K extends VaultAuthKind>(api: VaultApi, auth: VaultAuth<K>): Promise<VaultLease> {
  return logIn[auth.kind](api, auth);
}

async function post(
  api: VaultApi,
  kind: VaultAuthKind,
  mount: string,
  parameters: Readonly<Record<string, Secret>>,
): Promise<VaultLease> {
  const path = `auth/${mount}/login`;
  const body = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value.reveal()]));
  const answer = await api.send({ method: 'POST', path, body });
  const lease = leaseOf(authAnswer.safeParse(answer.body).data);
  if (lease !== undefined) return lease;
  const { server, branch } = api.connection;
  throw new KeyProviderMisconfigured(
    `Vault at ${server} refuses the login at ${path} (${answer.status}): ` +
      `${saidBy(answer.body, Object.values(parameters))}. Check ${settingName(branch, loginSettings[kind])} and what goes with it.`,
  );
}

function leaseOf(answer: z.output<typeof authAnswer> | undefined): VaultLease | undefined {
  if (answer === undefined) return undefined;
  const { client_token: token, lease_duration: seconds, renewable } = answer.auth;
  return { token, seconds: secondsOf(seconds), renewable };
}

const secondsOf = (seconds: number): number => (seconds === 0 ? Infinity : seconds);

const settingName = (branch: VaultBranch, name: string): string => `${branch}__${name}`;

/** A token has some hundred bytes, a service account's some thousand. */
const maxBytes = 64 * 1024;

/**
 * Reads a token from a file that others write, without blanks around it.
 *
 * @param setting the setting that names the file, for messages.
 *
 * A file that is missing or empty is KeyProviderUnavailable: an agent may still be about to write it. There is no
 * deadline here: all who wait for the login have one, and another attempt at a share that hangs would hold another
 * thread.
 */
async function readCredential(path: string, setting: string): Promise<Secret> {
  try {
    const content = (await readSmallText(path, { maxBytes, seconds: Infinity })).trim();
    if (content !== '') return new Secret(content);
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    const message = `The file ${path} (${setting}) ${error.why}.`;
    throw error.problem === 'missing' ? new KeyProviderUnavailable(message) : new KeyProviderMisconfigured(message);
  }
  throw new KeyProviderUnavailable(`The file ${path} (${setting}) is empty.`);
}
