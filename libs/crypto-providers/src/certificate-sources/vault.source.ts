import { z } from 'zod';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { recordedVersion } from '../clients/vault/recorded-version.js';
import { VaultClient } from '../clients/vault/vault.client.js';
import type { KeyFileSource, ReadOptions } from '../key-files/key-file.js';
import type { VaultSourceSettings } from './vault.source.settings.js';

/** What KV v2 answers, also with 404 for a version that was deleted or destroyed: then `data` is null. */
const secretAnswer = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()).nullable(),
    metadata: z.object({ version: z.int().positive(), destroyed: z.boolean() }),
  }),
});

/** Base64 in one line or in several (RFC 4648, section 4). */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Reads the version that the settings name, else the one that the wrappings in the database name, else the newest. */
export async function readFromVault(
  settings: VaultSourceSettings,
  { timeoutSeconds, recorded }: ReadOptions,
): Promise<KeyFileSource> {
  const { vault, mount, path, field, password } = settings;
  const name = [vault.namespace, mount, path].filter((part) => part !== undefined).join('/');
  const prefix = `vault:${name}?version=`;
  const wanted = settings.version ?? recordedVersion(prefix, recorded);
  const { body, status } = await new VaultClient(vault, timeoutSeconds).call({
    method: 'GET',
    path: `${mount}/data/${path}`,
    ...(wanted !== undefined && { query: { version: String(wanted) } }),
  });
  const problem = (reason: string): KeyProviderMisconfigured =>
    new KeyProviderMisconfigured(`The secret ${name} in Vault at ${vault.server}: ${reason}.`);
  const secret = secretAnswer.safeParse(body).data?.data;
  if (secret === undefined) throw problem(whyMissing(status, wanted));
  const { version, destroyed } = secret.metadata;
  if (secret.data === null) throw problem(`version ${version} was ${destroyed ? 'destroyed' : 'deleted'}`);
  const value = secret.data[field];
  if (value === undefined) {
    const fields = Object.keys(secret.data).join(', ') || 'none';
    throw problem(`version ${version} has no field ${field} (certificate__vaultSecretDataKey); its fields: ${fields}`);
  }
  const text = typeof value === 'string' ? value.replaceAll(/\s+/g, '') : '';
  if (text === '' || !base64.test(text)) throw problem(`the field ${field} of version ${version} is not base64`);
  return {
    origin: `${name} version ${version} in Vault at ${vault.server}`,
    bytes: Buffer.from(text, 'base64'),
    password,
    passwordSetting: 'certificate__vaultSecretFilePassword',
    version: `${prefix}${version}`,
  };
}

function whyMissing(status: number, version: number | undefined): string {
  if (status !== 404) return `it answers ${status}, but tells no secret`;
  return version === undefined
    ? 'there is no such secret, or its mount is no KV engine of version 2 (404)'
    : `there is no version ${version}, or no such secret or mount (404)`;
}
