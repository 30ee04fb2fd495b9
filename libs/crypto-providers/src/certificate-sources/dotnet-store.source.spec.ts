import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { KeyEncryptionKey } from '../contract/key-encryption-key.js';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { keyProviderSettingsSchema } from '../key-provider.settings.js';
import { describeKeyEncryptionKey } from '../testing/index.js';
import { OpensslFolder } from '../testing/openssl.js';
import { rejection } from '../testing/rejection.js';
import { readKeyFile } from '../key-files/read-key-file.js';
import { inMemoryKey } from '../providers/certificate/in-memory-key.js';
import { readFromStore } from './dotnet-store.source.js';
import { nullPasswordPfx } from '../testing/null-password-pfx.js';

/** The algorithms of .NET; the password is empty here, and absent in `null.pfx`. */
const export3des = (name: string, password = ''): string =>
  `pkcs12 -export -inkey ${name}.key -in ${name}.crt -out ${name}.pfx -passout pass:${password} ` +
  '-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -iter 2000';

let folder: OpensslFolder;
let store: string;
const thumbprints = new Map<string, string>();
const thumbprintOf = (name: string): string => thumbprints.get(name) ?? '';
/** As .NET names it. */
const fileOf = (name: string): string => `${thumbprintOf(name).toUpperCase()}.pfx`;
const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);

beforeAll(async () => {
  folder = await OpensslFolder.create();
  store = folder.file('.dotnet/corefx/cryptography/x509stores/my');
  await mkdir(store, { recursive: true });
  for (const name of ['own', 'null', 'other', 'locked', 'absent']) {
    await folder.openssl(`req -x509 -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.crt -subj /CN=${name}`);
    const { fingerprint } = new X509Certificate(await readFile(folder.file(`${name}.crt`)));
    thumbprints.set(name, fingerprint.replaceAll(':', '').toLowerCase());
    await folder.openssl(export3des(name, name === 'locked' ? 'a-password' : ''));
  }
  const [key, certificate] = [await readFile(folder.file('null.key')), await readFile(folder.file('null.crt'))];
  await writeFile(folder.file('null.pfx'), nullPasswordPfx(key.toString(), certificate.toString()));
  await folder.openssl('pkcs12 -export -nokeys -in absent.crt -out nokey.pfx -passout pass:');

  for (const name of ['null', 'other', 'locked']) await copyFile(folder.file(`${name}.pfx`), join(store, fileOf(name)));
  // .NET numbers a file where the name is taken: what is in a file counts, not what it is called.
  await copyFile(folder.file('own.pfx'), join(store, `${thumbprintOf('other').toUpperCase()}.1.pfx`));
  await copyFile(folder.file('nokey.pfx'), join(store, fileOf('absent')));
  await writeFile(join(store, '0000.pfx'), 'torn off');
  await mkdir(join(store, 'folder.pfx'));
  await writeFile(join(store, 'notes.txt'), 'not looked at');
});
beforeEach(() => {
  warn.mockClear();
});
afterAll(async () => {
  warn.mockRestore();
  await folder.remove();
});

const subjectOf = async (thumbprint: string): Promise<string | undefined> =>
  (await readKeyFile(await readFromStore(thumbprint, folder.path))).certificate?.subject;

describe('the .NET certificate store', () => {
  it('gives the certificate with the thumbprint, whatever its file is called', async () => {
    expect(await subjectOf(thumbprintOf('own'))).toBe('CN=own');
    expect(await subjectOf(thumbprintOf('other'))).toBe('CN=other');
  });

  it('opens a file that was written without any password, as .NET does', async () => {
    const listing = execFileSync('openssl', ['pkcs12', '-in', folder.file('null.pfx'), '-passin', 'pass:', '-nokeys']);
    expect(new X509Certificate(listing).subject).toBe('CN=null');
    expect(await subjectOf(thumbprintOf('null'))).toBe('CN=null');
  });

  it('leaves damaged, locked and keyless neighbours out, and names them', async () => {
    await rejection(readFromStore(thumbprintOf('absent'), folder.path));
    const reasons = new Map(
      warn.mock.calls
        .map(([entry]) => entry as unknown as { file: string; reason: string })
        .map(({ file, reason }) => [basename(file), reason]),
    );
    expect(reasons.size).toBe(4);
    expect(reasons.get('0000.pfx')).toContain('neither PKCS#12 nor PEM');
    expect(reasons.get('folder.pfx')).toContain('is a folder');
    expect(reasons.get(fileOf('absent'))).toContain('there is no private key in it');
    expect(reasons.get(fileOf('locked'))).toContain('protected by a password');
  });

  it('says where it looked and what it found when the certificate is not there', async () => {
    const error = await rejection(readFromStore(thumbprintOf('absent'), folder.path));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain(`the thumbprint ${thumbprintOf('absent')}`);
    expect(error.message).toContain(store);
    for (const name of ['own', 'null', 'other']) expect(error.message).toContain(thumbprintOf(name));
  });

  it('says that there is no store', async () => {
    const error = await rejection(readFromStore(thumbprintOf('own'), folder.file('nobody')));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain(`${folder.file('nobody')}/.dotnet`);
    expect(error.message).toContain('does not exist');
  });
});

const open = async (name: string): Promise<KeyEncryptionKey> => {
  const file = await readFromStore(thumbprintOf(name), folder.path);
  return inMemoryKey(await readKeyFile(file), file);
};

describeKeyEncryptionKey('the .NET certificate store', () =>
  Promise.resolve({ open: () => open('null'), openOther: () => open('own') }),
);

describe('the thumbprint', () => {
  const thumbprint = 'a909502dd82ae41433e6f83886b00d4277a32a7b';
  const choose = (storeThumbprint?: string): ReturnType<typeof keyProviderSettingsSchema.safeParse> =>
    keyProviderSettingsSchema.safeParse({ certificate: { provider: 'store', storeThumbprint } });

  it.each([
    thumbprint,
    thumbprint.toUpperCase(),
    'A9 09 50 2D D8 2A E4 14 33 E6 F8 38 86 B0 0D 42 77 A3 2A 7B',
    'a9:09:50:2d:d8:2a:e4:14:33:e6:f8:38:86:b0:0d:42:77:a3:2a:7b',
    `\u200e${thumbprint}\u200f`,
  ])('is taken in any spelling (%j)', (spelling) => {
    expect(choose(spelling).data).toMatchObject({ source: { kind: 'store', thumbprint } });
  });

  it.each([undefined, thumbprint.slice(1), `${thumbprint}${thumbprint.slice(0, 24)}`, `g${thumbprint.slice(1)}`])(
    'is refused where it is none (%j)',
    (spelling) => {
      expect(choose(spelling).error?.issues).toMatchObject([{ path: ['certificate', 'storeThumbprint'] }]);
    },
  );
});
