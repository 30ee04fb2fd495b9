import { secretText, serverUri, text } from '@key-connector/common';
import type { z } from 'zod';

/** How to reach a Vault or OpenBao server and log in there: the same names under `rsaKey__` and `certificate__`. */
export const vaultFields = {
  vaultServerUri: serverUri('Vault or OpenBao: the server.').optional(),
  vaultNamespace: text('Vault or OpenBao: the namespace.').optional(),

  vaultToken: secretText('Vault or OpenBao: the token.').optional(),
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
  vaultAppRoleSecretId: secretText('Vault or OpenBao: the secret id of that role.').optional(),
  vaultAppRoleSecretIdPath: text(
    'Vault or OpenBao, instead of `vaultAppRoleSecretId`: a file with the secret id; read again for each login.',
  ).optional(),
  vaultAppRoleMountPoint: text('Vault or OpenBao: the mount point of that auth method.').default('approle'),
};

/** The fields of `vaultFields` as the schema gives them. */
export type VaultFields = z.output<z.ZodObject<typeof vaultFields>>;
