import { open } from 'node:fs/promises';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';

/** A token has some hundred bytes, a service account's some thousand. */
const maxBytes = 64 * 1024;

/**
 * Reads a token from a file that others write, without blanks around it.
 *
 * @param setting the setting that names the file, for messages.
 *
 * A file that is missing or empty is KeyProviderUnavailable: an agent may still be about to write it.
 */
export async function readCredentialFile(path: string, setting: string): Promise<string> {
  const content = (await read(path, setting)).trim();
  if (content === '') throw new KeyProviderUnavailable(`The file ${path} (${setting}) is empty.`);
  return content;
}

async function read(path: string, setting: string): Promise<string> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1));
    if (bytesRead > maxBytes) throw new KeyProviderMisconfigured(`The file ${path} (${setting}) is larger than 64 KB.`);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (error instanceof KeyProviderMisconfigured) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new KeyProviderUnavailable(`The file ${path} (${setting}) does not exist.`);
    throw new KeyProviderMisconfigured(`Cannot read the file ${path} (${setting}): ${code}.`);
  }
}
