import { integer, secret, text } from '@key-connector/common';
import { z } from 'zod';
import type { VaultAnswer } from '../clients/vault/vault-api.js';
import { chooseVault, trimSlashes, vaultFields } from '../clients/vault/vault.settings.js';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { required } from '../contract/required-settings.js';
import { defineCertificateSource } from './certificate-source.js';

/**
 * A PKCS#12 file in a KV engine of version 2 of Vault or OpenBao: the version that the settings name, else the one that
 * the wrappings in the database name, else the newest.
 */
export const vault = defineCertificateSource({
  kind: 'vault',
  fields: {
    ...vaultFields,
    vaultSecretMountPoint: text('Vault or OpenBao: the mount point of the KV v2 engine.').default('secret'),
    vaultSecretPath: text('Vault or OpenBao: the path of the secret.').optional(),
    vaultSecretDataKey: text('Vault or OpenBao: the field that holds the PKCS#12 in base64, or PEM.').optional(),
    vaultSecretVersion: integer(
      'Vault or OpenBao: the version of the secret. Not given: the one that the data keys are wrapped with, or the newest for the first.',
      { min: 1, max: Number.MAX_SAFE_INTEGER },
    ).optional(),
    vaultSecretFilePassword: secret('Vault or OpenBao: the password of the PKCS#12.').optional(),
  },

  choose: (certificate, report) => {
    const missing = {
      vaultSecretPath: 'the path of the secret',
      vaultSecretDataKey: 'the field of the secret that holds the base64 PKCS#12',
    };
    const given = required('certificate', certificate, missing, report);
    const connection = chooseVault('certificate', certificate, report);
    if (given === undefined || connection === undefined) return undefined;
    return {
      vault: connection,
      mount: trimSlashes(certificate.vaultSecretMountPoint),
      path: trimSlashes(given.vaultSecretPath),
      field: given.vaultSecretDataKey,
      /** `undefined`: the recorded one, or the newest. */
      version: certificate.vaultSecretVersion,
      password: certificate.vaultSecretFilePassword,
    };
  },

  describe: ({ vault: { server }, mount, path }) => `${mount}/${path} in Vault at ${server}`,

  read: async ({ vault: connection, mount, path, field, ...settings }, { timeoutSeconds, recordedKeyReferences }) => {
    const { VaultClient } = await import('../clients/vault/vault.client.js');
    const { recordedVersion } = await import('../clients/vault/recorded-version.js');
    const name = [connection.namespace, mount, path].filter((part) => part !== undefined).join('/');
    const prefix = `vault:${name}?version=`;
    const wanted = settings.version ?? recordedVersion(prefix, recordedKeyReferences);
    const answer = await new VaultClient(connection, timeoutSeconds).call({
      method: 'GET',
      path: `${mount}/data/${path}`,
      ...(wanted !== undefined && { query: { version: String(wanted) } }),
    });
    const unfit: Unfit = (reason) =>
      new KeyProviderMisconfigured(`The secret ${name} in Vault at ${connection.server}: ${reason}.`);
    const { bytes, version } = keyFileOf(answer, { field, wanted }, unfit);
    return {
      origin: `${name} version ${version} in Vault at ${connection.server}`,
      bytes,
      password: settings.password,
      passwordSetting: 'certificate__vaultSecretFilePassword',
      version: `${prefix}${version}`,
    };
  },
});

/** What KV v2 answers, also with 404 for a version that was deleted or destroyed: then `data` is null. */
const secretAnswer = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()).nullable(),
    metadata: z.object({ version: z.int().positive(), destroyed: z.boolean() }),
  }),
});

/** Base64 in one line or in several (RFC 4648, section 4). */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The error that says what is wrong with which secret. */
type Unfit = (reason: string) => KeyProviderMisconfigured;

function keyFileOf(
  { body, status }: VaultAnswer,
  { field, wanted }: { readonly field: string; readonly wanted: number | undefined },
  unfit: Unfit,
): { readonly bytes: Buffer; readonly version: number } {
  const found = secretAnswer.safeParse(body).data?.data;
  if (found === undefined) throw unfit(whyMissing(status, wanted));
  const { version, destroyed } = found.metadata;
  if (found.data === null) throw unfit(`version ${version} was ${destroyed ? 'destroyed' : 'deleted'}`);
  const value = found.data[field];
  if (value === undefined) {
    const fields = Object.keys(found.data).join(', ') || 'none';
    throw unfit(`version ${version} has no field ${field} (certificate__vaultSecretDataKey); its fields: ${fields}`);
  }
  if (typeof value === 'string' && value.includes('-----BEGIN ')) return { bytes: Buffer.from(value), version };
  const encoded = typeof value === 'string' ? value.replaceAll(/\s+/g, '') : '';
  if (encoded === '' || !base64.test(encoded))
    throw unfit(`the field ${field} of version ${version} is neither base64 nor PEM`);
  return { bytes: Buffer.from(encoded, 'base64'), version };
}

function whyMissing(status: number, version: number | undefined): string {
  if (status !== 404) return `it answers ${status}, but tells no secret`;
  return version === undefined
    ? 'there is no such secret, or its mount is no KV engine of version 2 (404)'
    : `there is no version ${version}, or no such secret or mount (404)`;
}
