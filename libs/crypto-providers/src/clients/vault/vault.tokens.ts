import type { z } from 'zod';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { readCredentialFile } from './credential-file.js';
import { authAnswer, lookupAnswer, saidBy } from './vault.answers.js';
import type { VaultApi } from './vault.api.js';
import type { VaultLease, VaultTokens } from './vault.session.js';
import { loginSettings, type VaultAuth, type VaultAuthKind, type VaultBranch } from './vault.settings.js';

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
    token: await readCredentialFile(path, settingName(connection.branch, loginSettings.tokenFile)),
    seconds: 0,
    renewable: false,
  }),

  kubernetes: async (api, { mount, role, jwtPath }) => {
    const jwt = await readCredentialFile(jwtPath, settingName(api.connection.branch, 'vaultKubernetesJwtPath'));
    return post(api, 'kubernetes', mount, { role, jwt });
  },

  appRole: async (api, { mount, roleId, secret }) => {
    const setting = settingName(api.connection.branch, 'vaultAppRoleSecretIdPath');
    const secretId = 'value' in secret ? secret.value : await readCredentialFile(secret.path, setting);
    return post(api, 'appRole', mount, { role_id: roleId, secret_id: secretId });
  },
};

/** Gets tokens in the chosen way. */
export class LoginTokens implements VaultTokens {
  constructor(private readonly api: VaultApi) {}

  logIn(): Promise<VaultLease> {
    return run(this.api, this.api.connection.auth);
  }

  async renew(token: string): Promise<VaultLease | undefined> {
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
  body: Readonly<Record<string, string>>,
): Promise<VaultLease> {
  const path = `auth/${mount}/login`;
  const answer = await api.send({ method: 'POST', path, body });
  const lease = leaseOf(authAnswer.safeParse(answer.body).data);
  if (lease !== undefined) return lease;
  const { server, branch } = api.connection;
  throw new KeyProviderMisconfigured(
    `Vault at ${server} refuses the login at ${path} (${answer.status}): ` +
      `${saidBy(answer.body, Object.values(body))}. Check ${settingName(branch, loginSettings[kind])} and what goes with it.`,
  );
}

function leaseOf(answer: z.output<typeof authAnswer> | undefined): VaultLease | undefined {
  if (answer === undefined) return undefined;
  const { client_token: token, lease_duration: seconds, renewable } = answer.auth;
  return { token, seconds: secondsOf(seconds), renewable };
}

const secondsOf = (seconds: number): number => (seconds === 0 ? Infinity : seconds);

const settingName = (branch: VaultBranch, name: string): string => `${branch}__${name}`;
