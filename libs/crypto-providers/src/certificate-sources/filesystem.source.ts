import { type Secret, secret, text } from '@key-connector/common';
import { required } from '../contract/required-settings.js';
import { defineCertificateSource } from './certificate-source.js';
import { readLocalKeyFile } from './local-key-file.js';

interface FilesystemSettings {
  readonly path: string;
  readonly password?: Secret | undefined;
}

/** A PKCS#12 or PEM file; one that is missing, unreadable or too large is KeyProviderMisconfigured. */
export const filesystem = defineCertificateSource({
  kind: 'filesystem',
  fields: {
    filesystemPath: text('The PKCS#12 or PEM file with the RSA private key.').optional(),
    filesystemPassword: secret('The password of that file.').optional(),
  },

  choose: (certificate, report): FilesystemSettings | undefined => {
    const missing = { filesystemPath: 'the PKCS#12 or PEM file with the RSA private key' };
    const given = required('certificate', certificate, missing, report);
    return given && { path: given.filesystemPath, password: certificate.filesystemPassword };
  },

  describe: ({ path }) => path,

  read: async ({ path, password }) => ({
    origin: path,
    bytes: await readLocalKeyFile(path, 'certificate__filesystemPath'),
    password,
    passwordSetting: 'certificate__filesystemPassword',
  }),
});
