import { FileUnreadable, readSmallFile } from '@key-connector/common';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';

/** A key file holds a key and a few certificates; anything larger is another kind of file. */
const maxBytes = 1024 * 1024;

/**
 * Reads a key file of this machine; the caller wipes it.
 *
 * @param setting the setting that leads to it, for messages.
 *
 * One that is missing, unreadable or larger than 1 MB is KeyProviderMisconfigured. There is no deadline here: whoever
 * opens the key has one, and another attempt at a share that hangs would hold another thread.
 */
export async function readLocalKeyFile(path: string, setting: string): Promise<Buffer> {
  try {
    return await readSmallFile(path, { maxBytes, seconds: Infinity });
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    throw new KeyProviderMisconfigured(`The key file ${path} (${setting}) ${error.why}.`);
  }
}
