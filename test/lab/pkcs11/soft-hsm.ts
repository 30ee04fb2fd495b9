import { randomInt } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes/child-process.ts';
import { type TempFolder, tempFolder } from '../files/temp-folder.ts';
import { systemProgram } from '../packages/tools.ts';
import { isBindingBuilt } from './binding.ts';

const library = systemProgram(
  'softhsm2',
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
);

/** Whether tokens of SoftHSM can be used on this machine; for `describeIf`. */
export const softHsm = {
  installed: library.installed && isBindingBuilt,
  reason: library.installed ? 'pkcs11js is not built: npm rebuild pkcs11js' : library.reason,
};

/** A token that SoftHSM keeps. */
export interface SoftToken {
  readonly label: string;
  readonly serialNumber: string;
  readonly pin: string;
}

/** SoftHSM with a folder of tokens of its own. */
export class SoftHsm {
  readonly library = library.file('');
  /** What a process needs to see these tokens. */
  readonly environment: Readonly<Record<string, string>>;
  private readonly folder: TempFolder;

  private constructor(folder: TempFolder) {
    this.folder = folder;
    this.environment = { SOFTHSM2_CONF: join(folder.path, 'softhsm2.conf') };
  }

  static async create(): Promise<SoftHsm> {
    const hsm = new SoftHsm(await tempFolder('softhsm'));
    await mkdir(hsm.tokens);
    const configuration = `directories.tokendir = ${hsm.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`;
    await writeFile(hsm.environment['SOFTHSM2_CONF'] ?? '', configuration);
    return hsm;
  }

  /** A new token, ready for use. */
  async createToken(label: string): Promise<SoftToken> {
    const pin = String(randomInt(10_000_000, 99_999_999));
    await this.util('--init-token', '--free', '--label', label, '--so-pin', `so-${pin}`, '--pin', pin);
    const slots = (await this.util('--show-slots')).split(/^Slot /m);
    const slot = slots.find((text) => new RegExp(`Label: +${label} *$`, 'm').test(text));
    const serialNumber = /Serial number: +(\S+)/.exec(slot ?? '')?.[1];
    if (serialNumber === undefined) throw new Error(`SoftHSM shows no token ${label}`);
    return { label, serialNumber, pin };
  }

  async removeToken({ serialNumber }: SoftToken): Promise<void> {
    await this.util('--delete-token', '--serial', serialNumber);
  }

  /** Puts a private key (PKCS#8 in PEM) into a token; `id` is hex. */
  async importKey(token: SoftToken, key: { pem: string; label: string; id: string }): Promise<void> {
    const file = join(this.folder.path, 'key.pem');
    await writeFile(file, key.pem, { mode: 0o600 });
    const where = ['--token', token.label, '--pin', token.pin];
    await this.util('--import', file, ...where, '--label', key.label, '--id', key.id, '--force');
  }

  /** Puts a certificate of this private key into a token. */
  async importCertificate(token: SoftToken, { pem, id }: { pem: string; id: string }): Promise<void> {
    const [key, certificate] = [join(this.folder.path, 'key.pem'), join(this.folder.path, 'certificate.der')];
    await writeFile(key, pem, { mode: 0o600 });
    const options = ['-subj', '/CN=key', '-days', '3650', '-outform', 'der'];
    await run('openssl', ['req', '-x509', '-key', key, ...options, '-out', certificate]);
    await this.pkcs11Tool(token, '--write-object', certificate, '--type', 'cert', '--id', id);
  }

  /** Runs OpenSC's program on a token. */
  pkcs11Tool(token: SoftToken, ...args: string[]): Promise<string> {
    const where = ['--module', this.library, '--token-label', token.label, '--login', '--pin', token.pin];
    return run('pkcs11-tool', [...where, ...args], { env: { ...process.env, ...this.environment } });
  }

  /** Takes the right to decrypt from a private key of the only token. */
  async forbidDecryption(token: SoftToken, label: string): Promise<void> {
    const script = join(import.meta.dirname, 'forbid-decryption.mjs');
    await run(process.execPath, [script, this.library, token.pin, label], { env: this.environment });
  }

  /** Takes the tokens away, as when the device is unplugged. */
  unplug(): Promise<void> {
    return rename(this.tokens, `${this.tokens}.away`);
  }

  plugIn(): Promise<void> {
    return rename(`${this.tokens}.away`, this.tokens);
  }

  remove(): Promise<void> {
    return this.folder.remove();
  }

  private get tokens(): string {
    return join(this.folder.path, 'tokens');
  }

  private util(...args: string[]): Promise<string> {
    return run('softhsm2-util', args, { env: { ...process.env, ...this.environment } });
  }
}
