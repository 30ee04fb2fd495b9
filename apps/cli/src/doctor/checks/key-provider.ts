import { type Check, ok } from '../check.js';

/** The key-encryption key opens: with the versions that the database names where there are any. */
export const keyProviderCheck: Check = {
  name: 'key provider',
  async run(examined) {
    // Whatever is wrong with the database, the key is opened.
    const hasTables = await examined.hasTables().catch(() => false);
    if (!hasTables) return [ok(`${await examined.openKeyAlone()} opens.`)];
    const { keyEncryptionKey } = await examined.opened();
    return [ok(`${keyEncryptionKey.description} (${keyEncryptionKey.id}) opens.`)];
  },
};
