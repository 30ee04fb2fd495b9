import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileUnreadable, text } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { required } from '../contract/required-settings.js';
import { UnusableKeyFile, type KeyFileSource, WrongPassword } from '../key-files/key-file.js';
import { readKeyFile } from '../key-files/read-key-file.js';
import { readThumbprint, thumbprintOf } from '../key-files/thumbprint.js';
import { defineCertificateSource } from './certificate-source.js';
import { readLocalKeyFile } from './local-key-file.js';

const logger = new Logger('CertificateStore');

const setting = 'certificate__storeThumbprint';

/** The .NET certificate store of the user that the service runs as. */
export const dotnetStore = defineCertificateSource({
  kind: 'store',
  fields: {
    storeThumbprint: text('.NET certificate store of the user: the SHA-1 thumbprint.').optional(),
  },

  choose: (certificate, report) => {
    const missing = { storeThumbprint: 'the SHA-1 thumbprint of the certificate' };
    const given = required('certificate', certificate, missing, report);
    if (given === undefined) return undefined;
    const thumbprint = readThumbprint(given.storeThumbprint);
    if (thumbprint !== undefined) return { thumbprint };
    report(['certificate', 'storeThumbprint'], 'must be a SHA-1 thumbprint: 40 hexadecimal digits');
    return undefined;
  },

  describe: ({ thumbprint }) => `${thumbprint} in the .NET store`,

  read: ({ thumbprint }) => readFromStore(thumbprint),
});

/** Where .NET keeps the personal certificates of a user on Linux and macOS: one PKCS#12 without password each. */
const folderOf = (home: string): string => join(home, '.dotnet/corefx/cryptography/x509stores/my');

/**
 * Finds the certificate with this thumbprint in the user's .NET store, by what the files hold rather than their names.
 *
 * Files that cannot be used are left out with a warning; a certificate that is not there is KeyProviderMisconfigured.
 */
export async function readFromStore(thumbprint: string, home = homedir()): Promise<KeyFileSource> {
  const folder = folderOf(home);
  const others: string[] = [];
  for (const path of await keyFiles(folder, thumbprint)) {
    const found = await readStored(path);
    if (found?.thumbprint === thumbprint) return { origin: path, bytes: found.bytes };
    found?.bytes.fill(0);
    if (found !== undefined) others.push(found.thumbprint);
  }
  throw new KeyProviderMisconfigured(
    `There is no certificate with a private key and the thumbprint ${thumbprint} (${setting}) in ${folder}; ` +
      `those that are there: ${others.join(', ') || 'none'}.`,
  );
}

/** Those named after the thumbprint come first: .NET names them so. */
async function keyFiles(folder: string, thumbprint: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new KeyProviderMisconfigured(
      `The certificate store ${folder} (${setting}) ${fileUnreadable(folder, error).why}.`,
    );
  });
  const isNamed = (name: string): number => Number(name.toLowerCase().startsWith(thumbprint));
  return names
    .filter((name) => name.toLowerCase().endsWith('.pfx'))
    .sort((a, b) => isNamed(b) - isNamed(a) || a.localeCompare(b))
    .map((name) => join(folder, name));
}

async function readStored(path: string): Promise<{ bytes: Buffer; thumbprint: string } | undefined> {
  try {
    const bytes = await readLocalKeyFile(path, setting);
    const { certificate } = await readKeyFile({ origin: path, bytes });
    if (certificate === undefined) throw new UnusableKeyFile('there is no certificate in it');
    return { bytes, thumbprint: thumbprintOf(certificate) };
  } catch (error) {
    if (!(error instanceof UnusableKeyFile || error instanceof KeyProviderMisconfigured)) throw error;
    const reason = error instanceof WrongPassword ? 'it is protected by a password' : error.message;
    logger.warn({ msg: 'left out a file of the certificate store', file: path, reason });
    return undefined;
  }
}
