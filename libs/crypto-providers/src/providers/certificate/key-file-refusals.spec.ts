import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';
import { OpensslFolder } from '../../testing/openssl.js';
import { rejection } from '../../testing/rejection.js';
import { openCertificate } from './open-key.js';

const password = 'a-password-nobody-may-read';
const rsa = (bits: number, name: string): string =>
  `req -x509 -newkey rsa:${bits} -nodes -keyout ${name}.key -out ${name}.crt -subj /CN=${name} -days 36500`;
const pfx = (name: string, options = ''): string =>
  `pkcs12 -export -inkey ${name}.key -in ${name}.crt -out ${name}.pfx -passout pass:${password}${options}`;

let folder: OpensslFolder;
beforeAll(async () => {
  folder = await OpensslFolder.create();
  const commands = [
    rsa(2048, 'own'),
    pfx('own'),
    pfx('own', ' -nomac').replace('own.pfx', 'nomac.pfx'),
    `pkcs8 -topk8 -in own.key -out own.enc -passout pass:${password}`,
    `rsa -in own.key -traditional -aes256 -out own.rsa -passout pass:${password}`,
    rsa(2048, 'other'),
    rsa(1024, 'weak'),
    pfx('weak'),
    rsa(2047, 'odd'),
    'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.key',
    'req -x509 -new -key ec.key -out ec.crt -subj /CN=ec -days 36500',
    pfx('ec'),
    'genpkey -algorithm ed25519 -out ed25519.key',
    'genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.key',
    `pkcs12 -export -nokeys -in own.crt -out nokey.pfx -passout pass:${password}`,
    `pkcs12 -export -inkey own.key -in own.crt -out rounds.pfx -passout pass:${password} -iter 6000000 -nomac`,
  ];
  for (const command of commands) await folder.openssl(command);
});
afterAll(() => folder.remove());

/** Opens a key file as a start does. */
const open = (path: string, given?: string): Promise<KeyEncryptionKey> => {
  const source = { kind: 'filesystem', path, password: given === undefined ? undefined : new Secret(given) } as const;
  return openCertificate(source, { timeoutSeconds: 15, recordedKeyReferences: [] });
};

const refusal = async (file: string, given?: string): Promise<string> => {
  const path = folder.file(file);
  const error = await rejection(open(path, given));
  expect(error).toBeInstanceOf(KeyProviderMisconfigured);
  expect(error).toMatchObject({ code: 'KEY_PROVIDER_MISCONFIGURED' });
  expect(error.message).toContain(path);
  expect(`${String(error.stack)}${String(error.cause)}`).not.toContain(given ?? password);
  return error.message;
};

describe('a key file that cannot be used', () => {
  it.each(['own.pfx', 'nomac.pfx', 'own.enc', 'own.rsa'])('is told from a wrong password (%s)', async (file) => {
    expect(await refusal(file, 'wrong-password')).toContain(
      'password in certificate__filesystemPassword does not open',
    );
    expect(await refusal(file)).toContain('is protected by a password; set certificate__filesystemPassword');
  });

  it('never opens under any of 300 wrong passwords, and always says so', async () => {
    for (let turn = 0; turn < 300; turn++)
      expect(await refusal('own.enc', randomBytes(6).toString('hex'))).toContain('does not open');
  });

  it('says that the file does not exist, is a folder or is too large', async () => {
    await writeFile(folder.file('large.pfx'), Buffer.alloc(1024 * 1024 + 1));
    expect(await refusal('missing.pfx', password)).toContain('does not exist');
    expect(await refusal('.', password)).toContain('is a folder');
    expect(await refusal('large.pfx', password)).toContain('larger than');
  });

  it('says that the file may not be read', async () => {
    await writeFile(folder.file('secret.pfx'), '');
    await chmod(folder.file('secret.pfx'), 0);
    // Root may read everything, so it is somebody else for a moment; 65534 is nobody.
    const asRoot = process.geteuid?.() === 0;
    if (asRoot) process.seteuid?.(65534);
    try {
      expect(await refusal('secret.pfx', password)).toContain('may not be read');
    } finally {
      if (asRoot) process.seteuid?.(0);
    }
  });

  it.each([
    ['text', Buffer.from('hello')],
    ['random bytes', randomBytes(500)],
    ['an empty SEQUENCE', Buffer.from('3000', 'hex')],
    ['an endless SEQUENCE', Buffer.from('3080', 'hex')],
    ['a nest of 10,000 SEQUENCEs', Buffer.alloc(20_000, Buffer.from('3080', 'hex'))],
    ['a length beyond the file', Buffer.from('3084ffffffff', 'hex')],
  ])('says that it is neither PKCS#12 nor PEM (%s)', async (_, bytes) => {
    await writeFile(folder.file('garbage'), bytes);
    expect(await refusal('garbage', password)).toContain('neither PKCS#12 nor PEM');
  });

  it('never crashes on a damaged file, and never takes another key from it, whichever byte it is', async () => {
    const { id } = await open(folder.file('own.key'));
    const whole = await readFile(folder.file('own.pfx'));
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      await writeFile(folder.file('damaged.pfx'), bytes);
      const outcome: unknown = await open(folder.file('damaged.pfx'), password).catch((error: unknown) => error);
      const same = outcome instanceof KeyEncryptionKey && outcome.id === id;
      expect(same || outcome instanceof KeyProviderMisconfigured).toBe(true);
    }
  });

  it('says that there is no private key in it', async () => {
    expect(await refusal('nokey.pfx', password)).toContain('there is no private key in it');
    expect(await refusal('own.crt')).toContain('there is no private key in it');
  });

  it('says that there is more than one private key in it', async () => {
    await folder.concatenate(['own.key', 'other.key'], 'two.pem');
    expect(await refusal('two.pem')).toContain('more than one private key');
  });

  it('says that the private key cannot be read', async () => {
    await writeFile(folder.file('bad.pem'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    expect(await refusal('bad.pem')).toContain('its private key cannot be read');
  });

  it('says how many bits a weak or odd key has', async () => {
    expect(await refusal('weak.key')).toContain('1024 bits, which is too weak');
    expect(await refusal('weak.pfx', password)).toContain('1024 bits, which is too weak');
    expect(await refusal('odd.key')).toContain('2047 bits, which is too weak');
  });

  it('says what kind of key it is when it is not RSA', async () => {
    expect(await refusal('ec.pfx', password)).toContain('its private key is ec, not RSA');
    expect(await refusal('ed25519.key')).toContain('its private key is ed25519, not RSA');
    expect(await refusal('pss.key')).toContain('its private key is rsa-pss, not RSA');
  });

  it('says that the certificate does not belong to the key', async () => {
    await folder.concatenate(['own.key', 'other.crt'], 'mixed.pem');
    expect(await refusal('mixed.pem')).toContain('its certificate does not belong to its private key');
  });

  it('refuses a key derivation that would keep the start waiting', async () => {
    expect(await refusal('rounds.pfx', password)).toContain('6000000 key-derivation rounds; at most 5000000');
  });
});
