import { flag, type Secret, secret, secureUri, serverUri, text } from '@key-connector/common';
import type { Values } from '../../contract/definitions.js';
import { type Report, required } from '../../contract/required-settings.js';

/** How to reach a Vault or OpenBao server and log in there: the same names under `rsaKey__` and `certificate__`. */
export const vaultFields = {
  vaultServerUri: serverUri('Vault or OpenBao: the server.').optional(),
  vaultAllowPlainHttp: flag(
    'Vault or OpenBao: takes a server on http beyond loopback, for a network that nobody else listens in, such as inside a cluster. The token and what it unlocks then travel readable; each start warns.',
  ).default(false),
  vaultNamespace: text('Vault or OpenBao: the namespace.').optional(),

  vaultToken: secret('Vault or OpenBao: the token.')
    .refine((token) => /^[\x21-\x7e]+\s*$/.test(token.reveal()), { error: 'must be one line, without blanks' })
    .optional(),
  vaultTokenPath: text(
    'Vault or OpenBao, instead of `vaultToken`: a file with the token, such as an agent’s sink; read again for each call.',
  ).optional(),

  vaultKubernetesRole: text('Vault or OpenBao: the role to log in as with a Kubernetes service account.').optional(),
  vaultKubernetesMountPoint: text('Vault or OpenBao: the mount point of that auth method; `jwt` works too.').default(
    'kubernetes',
  ),
  vaultKubernetesJwtPath: text(
    'Vault or OpenBao: the file with the service account’s token; read again for each login.',
  ).default('/var/run/secrets/kubernetes.io/serviceaccount/token'),

  vaultAppRoleId: text('Vault or OpenBao: the role id to log in with by AppRole.').optional(),
  vaultAppRoleSecretId: secret('Vault or OpenBao: the secret id of that role.').optional(),
  vaultAppRoleSecretIdPath: text(
    'Vault or OpenBao, instead of `vaultAppRoleSecretId`: a file with the secret id; read again for each login.',
  ).optional(),
  vaultAppRoleMountPoint: text('Vault or OpenBao: the mount point of that auth method.').default('approle'),
};

/** The fields of `vaultFields` as the schema gives them. */
type VaultFields = Values<typeof vaultFields>;

/** A branch of the settings that names a Vault. */
export type VaultBranch = 'rsaKey' | 'certificate';

/** How each way to log in gets its token. */
interface AuthSettings {
  token: { token: Secret };
  tokenFile: { path: string };
  kubernetes: { mount: string; role: string; jwtPath: string };
  appRole: { mount: string; roleId: string; secret: { value: Secret } | { path: string } };
}

/** The ways to log in. */
export type VaultAuthKind = keyof AuthSettings;

/** The chosen way to log in, with what it needs. */
export type VaultAuth<K extends VaultAuthKind = VaultAuthKind> = { [P in K]: { kind: P } & AuthSettings[P] }[K];

/** A Vault or OpenBao server, and how to log in there. */
export interface VaultConnection {
  /** Where the settings stand, so that messages can name them. */
  readonly branch: VaultBranch;
  /** Without a slash at its end. */
  readonly server: string;
  /** `vaultAllowPlainHttp`: http is taken beyond loopback too, and followed there. */
  readonly plainHttp: boolean;
  readonly namespace: string | undefined;
  readonly auth: VaultAuth;
}

/** A mount point or a path as the API takes it: without slashes around it. */
export const trimSlashes = (path: string): string => path.replaceAll(/^\/+|\/+$/g, '');

/** The setting that stands for each way to log in. */
export const loginSettings = {
  token: 'vaultToken',
  tokenFile: 'vaultTokenPath',
  kubernetes: 'vaultKubernetesRole',
  appRole: 'vaultAppRoleId',
} as const satisfies Record<VaultAuthKind, keyof VaultFields>;

const kinds = Object.keys(loginSettings) as VaultAuthKind[];

/** The server and the one way to log in that the settings give; what is missing or twofold is reported. */
export function chooseVault(branch: VaultBranch, fields: VaultFields, report: Report): VaultConnection | undefined {
  const given = required(branch, fields, { vaultServerUri: 'the address of the Vault or OpenBao server' }, report);
  const auth = chooseAuth(branch, fields, report);
  if (given === undefined || auth === undefined) return undefined;
  // Here and not in the fields: the address of a Vault that is not chosen is left alone.
  const [insecure] = secureUri('').safeParse(given.vaultServerUri).error?.issues ?? [];
  const plainHttp = fields.vaultAllowPlainHttp;
  if (insecure !== undefined && !plainHttp) {
    const permit = `${branch}__vaultAllowPlainHttp: true takes it inside a cluster`;
    report([branch, 'vaultServerUri'], `${insecure.message}; ${permit}`);
    return undefined;
  }
  const namespace = fields.vaultNamespace === undefined ? undefined : trimSlashes(fields.vaultNamespace);
  return { branch, server: given.vaultServerUri.replace(/\/+$/, ''), plainHttp, namespace, auth };
}

function chooseAuth(branch: VaultBranch, fields: VaultFields, report: Report): VaultAuth | undefined {
  const [kind, ...further] = kinds.filter((candidate) => fields[loginSettings[candidate]] !== undefined);
  if (kind === undefined) {
    const { token, ...others } = loginSettings;
    report([branch, token], `is required, or another way to log in: ${Object.values(others).join(', ')}`);
    return undefined;
  }
  for (const other of further)
    report([branch, loginSettings[other]], `is another way to log in beside ${loginSettings[kind]}; keep one of them`);
  return further.length > 0 ? undefined : authOf[kind](branch, fields, report);
}

const authOf: {
  readonly [K in VaultAuthKind]: (branch: VaultBranch, fields: VaultFields, report: Report) => VaultAuth<K> | undefined;
} = {
  token: (_, { vaultToken: token }) => token && { kind: 'token', token },
  tokenFile: (_, { vaultTokenPath: path = '' }) => ({ kind: 'tokenFile', path }),
  kubernetes: (_, { vaultKubernetesRole: role = '', vaultKubernetesMountPoint, vaultKubernetesJwtPath: jwtPath }) => ({
    kind: 'kubernetes',
    role,
    mount: trimSlashes(vaultKubernetesMountPoint),
    jwtPath,
  }),
  appRole: (branch, fields, report) => {
    const { vaultAppRoleId: roleId = '' } = fields;
    const mount = trimSlashes(fields.vaultAppRoleMountPoint);
    const { vaultAppRoleSecretId: value, vaultAppRoleSecretIdPath: path } = fields;
    if (value !== undefined && path !== undefined) {
      report([branch, 'vaultAppRoleSecretIdPath'], 'is given beside vaultAppRoleSecretId; keep one of them');
      return undefined;
    }
    if (path !== undefined) return { kind: 'appRole', mount, roleId, secret: { path } };
    if (value !== undefined) return { kind: 'appRole', mount, roleId, secret: { value } };
    report([branch, 'vaultAppRoleSecretId'], 'is required with vaultAppRoleId: the secret id of the role');
    return undefined;
  },
};
