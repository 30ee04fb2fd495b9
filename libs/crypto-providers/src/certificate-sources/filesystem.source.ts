import { existsSync } from 'node:fs';
import { type Secret, secret, text } from '@key-connector/common';
import type { Report } from '../contract/required-settings.js';
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
    filesystemPath: text(
      'The PKCS#12 or PEM file with the RSA private key. Where it is not given, `/etc/bitwarden/key.pfx` if it is there, as existing containers have it.',
    ).optional(),
    filesystemPassword: secret('The password of that file.').optional(),
  },

  choose: (certificate, report) => chooseFile(certificate, report),

  describe: ({ path }) => path,

  read: async ({ path, password }) => ({
    origin: path,
    bytes: await readLocalKeyFile(path, 'certificate__filesystemPath'),
    password,
    passwordSetting: 'certificate__filesystemPassword',
  }),
});

/** Where the official container looks for its certificate when its settings name no file. */
const existingContainersFile = '/etc/bitwarden/key.pfx';

interface FilesystemFields {
  readonly filesystemPath?: string | undefined;
  readonly filesystemPassword?: Secret | undefined;
}

/** @param isThere tells whether there is a file at a path. */
export function chooseFile(
  { filesystemPath: path, filesystemPassword: password }: FilesystemFields,
  report: Report,
  isThere: (path: string) => boolean = existsSync,
): FilesystemSettings | undefined {
  if (path !== undefined) return { path, password };
  if (isThere(existingContainersFile)) return { path: existingContainersFile, password };
  report(
    ['certificate', 'filesystemPath'],
    'is required: the PKCS#12 or PEM file with the RSA private key ' +
      `(there is no ${existingContainersFile} either, where existing containers have it)`,
  );
  return undefined;
}
