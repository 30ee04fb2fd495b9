import { Logger } from '@nestjs/common';
import { type CertificateSource, readKeyFileSource } from '../../certificate-sources/certificate.settings.js';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import type { OpenOptions } from '../../contract/key-provider-definition.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { explainUnusable, type KeyFile, UnusableKeyFile } from '../../key-files/key-file.js';
import { readKeyFile } from '../../key-files/read-key-file.js';
import { requireUsableRsaKey } from '../../key-files/usable-rsa-key.js';
import { inMemoryKey } from './in-memory-key.js';

const logger = new Logger('CertificateProvider');

/** How long a key file may take to open before the log tells, in milliseconds. */
const patience = 1000;

/**
 * Opens the RSA key of a certificate file; whatever is wrong with it is KeyProviderMisconfigured.
 *
 * Some programs ask for millions of key-derivation rounds, which take seconds: the log says so while they run.
 */
export async function openCertificate(
  source: CertificateSource,
  options: OpenOptions,
  patienceMilliseconds = patience,
): Promise<KeyEncryptionKey> {
  const file = await readKeyFileSource(source, options);
  const slow = setTimeout(() => {
    logger.log({ msg: 'Still opening the key file: it asks for many rounds of key derivation', file: file.origin });
  }, patienceMilliseconds);
  try {
    const keyFile = await readKeyFile(file);
    requireUsableRsaKey(keyFile.privateKey);
    warnWhenExpired(keyFile, file.origin);
    return inMemoryKey(keyFile, file, options.oaepHash);
  } catch (error) {
    if (error instanceof UnusableKeyFile) throw new KeyProviderMisconfigured(explainUnusable(error, file));
    throw error;
  } finally {
    clearTimeout(slow);
    file.bytes.fill(0);
  }
}

/** Only the key matters to us: an expired certificate must not lock every member out. */
function warnWhenExpired({ certificate }: KeyFile, origin: string): void {
  if (certificate === undefined || certificate.validToDate >= new Date()) return;
  logger.warn({
    msg: 'The certificate has expired; its key goes on working',
    file: origin,
    validTo: certificate.validTo,
  });
}
