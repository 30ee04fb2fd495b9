import { KeyProvider, type KeyEncryptionKey, keyProviderSettingsSchema } from '@key-connector/crypto-providers';

/** Opens the key that these `rsaKey__*` settings choose, as a process does whose database has these key references. */
export function openKey(
  rsaKey: Readonly<Record<string, unknown>>,
  recorded: readonly string[] = [],
): Promise<KeyEncryptionKey> {
  return new KeyProvider(keyProviderSettingsSchema.parse({ rsaKey })).open(recorded);
}
