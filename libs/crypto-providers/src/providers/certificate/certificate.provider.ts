import { Logger } from '@nestjs/common';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import type { KeyProviderSettings } from '../../key-provider.settings.js';
import { readKeyFileSource } from '../../certificate-sources/certificate.sources.js';
import { explainKeyFileProblem, type KeyFile, KeyFileProblem } from '../../key-files/key-file.js';
import { readKeyFile } from '../../key-files/key-file.reader.js';
import { RsaKeyEncryptionKey } from './rsa.key-encryption-key.js';
import { requireUsableRsaKey } from '../../key-files/rsa-key.policy.js';

const logger = new Logger('CertificateProvider');

/** Opens the RSA key of a certificate file; whatever is wrong with it is KeyProviderMisconfigured. */
export async function openCertificate(
  { source, timeoutSeconds, oaepHash }: KeyProviderSettings<'certificate'>,
  recorded: readonly string[] = [],
): Promise<KeyEncryptionKey> {
  const file = await readKeyFileSource(source, { timeoutSeconds, recorded });
  try {
    const keyFile = await readKeyFile(file);
    requireUsableRsaKey(keyFile.privateKey);
    warnWhenExpired(keyFile, file.origin);
    return RsaKeyEncryptionKey.fromKeyFile(keyFile, file, oaepHash);
  } catch (error) {
    if (error instanceof KeyFileProblem) throw new KeyProviderMisconfigured(explainKeyFileProblem(error, file));
    throw error;
  } finally {
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
