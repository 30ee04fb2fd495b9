import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes/child-process.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { systemProgram } from '../packages/tools.ts';
import { isBindingBuilt } from './binding.ts';

const library = systemProgram('libnss3', '/usr/lib/x86_64-linux-gnu/libsoftokn3.so');
const certutil = systemProgram('libnss3-tools', '/usr/bin/certutil');

/** Whether the token of NSS can be used on this machine; for `describeIf`. */
export const nss = {
  installed: library.installed && certutil.installed && isBindingBuilt,
  reason: 'needs apt-get install libnss3 libnss3-tools, and pkcs11js built: npm rebuild pkcs11js',
};

/** The software token of NSS, with a key database of its own: unlike SoftHSM's, it does OAEP with SHA-256. */
export class NssToken {
  readonly pin = randomBytes(9).toString('base64url');
  private readonly folder: TempFolder;

  private constructor(folder: TempFolder) {
    this.folder = folder;
  }

  static async create(): Promise<NssToken> {
    const token = new NssToken(await tempFolder('nss'));
    await mkdir(token.database);
    await writeFile(token.pinFile, token.pin, { mode: 0o600 });
    await run('certutil', ['-N', '-d', `sql:${token.database}`, '-f', token.pinFile]);
    return token;
  }

  /** Puts a private key (PKCS#8 in PEM) with a certificate of its own into the token. */
  async importKey(label: string, pem: string): Promise<void> {
    const file = (name: string): string => join(this.folder.path, name);
    await writeFile(file('key.pem'), pem, { mode: 0o600 });
    await run('openssl', [
      ...['req', '-x509', '-key', file('key.pem'), '-subj', `/CN=${label}`],
      ...['-days', '3650', '-out', file('key.crt')],
    ]);
    await run('openssl', [
      ...['pkcs12', '-export', '-inkey', file('key.pem'), '-in', file('key.crt')],
      ...['-name', label, '-passout', 'pass:transport', '-out', file('key.pfx')],
    ]);
    await run('pk12util', [
      ...['-i', file('key.pfx'), '-d', `sql:${this.database}`, '-k', this.pinFile, '-W', 'transport'],
    ]);
  }

  /** `rsaKey__*` that open the key with this label. */
  settings(label: string): Record<string, unknown> {
    return {
      pkcs11LibraryPath: library.file(''),
      pkcs11LibraryParameters: `configdir='sql:${this.database}' certPrefix='' keyPrefix='' secmod='' flags=readOnly`,
      pkcs11LoginPin: this.pin,
      pkcs11PrivateKeyLabel: label,
    };
  }

  remove(): Promise<void> {
    return this.folder.remove();
  }

  private get database(): string {
    return join(this.folder.path, 'database');
  }

  private get pinFile(): string {
    return join(this.folder.path, 'pin');
  }
}
