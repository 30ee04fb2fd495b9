import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TlsFileUnreadable } from '@key-connector/common';
import type { HttpSettings } from '@key-connector/settings';
import { type TempFolder, tempFolder } from '../../../../test/lab/files/temp-folder.js';
import { run } from '../../../../test/lab/processes/child-process.js';
import { readTlsIdentity } from './tls-identity.js';

describe('the TLS files', () => {
  let folder: TempFolder;
  const file = (name: string): string => join(folder.path, name);
  const read = (cert: string, key: string): ReturnType<typeof readTlsIdentity> => {
    const settings = { tlsCertificatePath: file(cert), tlsKeyPath: file(key) };
    return readTlsIdentity(settings as HttpSettings);
  };
  /** Puts one file together from others. */
  const concatenate = async (name: string, parts: readonly string[]): Promise<void> => {
    await writeFile(file(name), (await Promise.all(parts.map((part) => readFile(file(part), 'latin1')))).join(''));
  };
  const ca = '-addext basicConstraints=critical,CA:TRUE';
  const commands = [
    `req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=ca ${ca}`,
    'req -newkey rsa:2048 -nodes -keyout own.key -out own.csr -subj /CN=own',
    'x509 -req -in own.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out own.crt',
    'pkcs12 -export -inkey own.key -in own.crt -out own.pfx -passout pass:s3cret',
    'pkcs8 -topk8 -in own.key -out encrypted.key -passout pass:s3cret',
    'rsa -in own.key -traditional -aes256 -out encrypted.rsa -passout pass:s3cret',
    'rsa -in own.key -traditional -out own.rsa',
    'pkcs8 -topk8 -nocrypt -in own.key -outform DER -out own.key.der',
    'x509 -in own.crt -outform DER -out own.crt.der',
    'crl2pkcs7 -nocrl -certfile own.crt -out own.p7b',
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.crt -subj /CN=ec',
    'ec -in ec.key -out ec.sec1',
    'genpkey -algorithm ed25519 -out ed25519.key',
    'req -x509 -new -key ed25519.key -out ed25519.crt -subj /CN=ed25519',
    'genpkey -algorithm x25519 -out x25519.key',
    'req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.crt -subj /CN=weak',
  ];
  beforeAll(async () => {
    folder = await tempFolder('tls');
    for (const command of commands) await run('openssl', command.split(' '), { cwd: folder.path });
    await concatenate('chain.crt', ['own.crt', 'ca.crt']);
    await concatenate('reversed.crt', ['ca.crt', 'own.crt']);
    await concatenate('both.pem', ['own.crt', 'own.key']);
    const windows = (await readFile(file('chain.crt'), 'latin1')).replaceAll('\n', '\r\n');
    await writeFile(file('windows.crt'), `\ufeff${windows}`);
    await writeFile(file('utf16.crt'), Buffer.from(`\ufeff${windows}`, 'utf16le'));
    await writeFile(file('utf16.key'), Buffer.from(`\ufeff${await readFile(file('own.key'), 'latin1')}`, 'utf16le'));
    await writeFile(file('empty'), '');
    await writeFile(file('text'), 'certificate');
    await writeFile(file('damaged.key'), '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    await writeFile(file('damaged.crt'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    await writeFile(file('ssh.key'), '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n');
  });
  afterAll(() => folder.remove());

  test.each([
    ['own.crt', 'own.key'],
    ['chain.crt', 'own.rsa'],
    ['windows.crt', 'own.key'],
    ['utf16.crt', 'utf16.key'],
    ['both.pem', 'both.pem'],
    ['ec.crt', 'ec.key'],
    ['ec.crt', 'ec.sec1'],
    ['ed25519.crt', 'ed25519.key'],
  ])('are taken: %s with %s', async (cert, key) => {
    expect(await read(cert, key)).toMatchObject({ minVersion: 'TLSv1.2' });
  });

  test.each<[cert: string, key: string, wrong: 'Certificate' | 'Key', rule: RegExp]>([
    ['own.crt', 'encrypted.key', 'Key', /under a password.*openssl pkey/],
    ['own.crt', 'encrypted.rsa', 'Key', /under a password.*openssl pkey/],
    ['own.crt', 'ca.key', 'Key', /does not belong to the certificate/],
    ['own.crt', 'ec.key', 'Key', /does not belong to the certificate/],
    ['own.crt', 'own.pfx', 'Key', /PKCS#12.*openssl pkcs12 .*-nocerts/],
    ['own.pfx', 'own.key', 'Certificate', /PKCS#12.*openssl pkcs12 .*-nokeys/],
    ['own.crt', 'own.key.der', 'Key', /is DER.*openssl pkey -inform DER/],
    ['own.crt.der', 'own.key', 'Certificate', /certificate in DER.*openssl x509 -inform DER/],
    ['own.p7b', 'own.key', 'Certificate', /PKCS#7.*openssl pkcs7/],
    ['own.csr', 'own.key', 'Certificate', /a request/],
    ['own.key', 'own.crt', 'Certificate', /were the two settings exchanged/],
    ['own.crt', 'own.crt', 'Key', /were the two settings exchanged/],
    ['reversed.crt', 'own.key', 'Certificate', /must come first.*it is number 2/],
    ['own.crt', 'damaged.key', 'Key', /is damaged/],
    ['damaged.crt', 'own.key', 'Certificate', /certificate number 1 in it is damaged/],
    ['own.crt', 'ssh.key', 'Key', /ssh-keygen/],
    ['own.crt', 'x25519.key', 'Key', /is x25519; TLS takes RSA, EC and Ed25519/],
    ['own.crt', 'empty', 'Key', /is empty/],
    ['text', 'own.key', 'Certificate', /is no PEM/],
    ['weak.crt', 'weak.key', 'Certificate', /key too small/],
    ['own.crt', 'nowhere.key', 'Key', /does not exist/],
  ])('are refused by setting, path and rule: %s with %s', async (cert, key, wrong, rule) => {
    const error: unknown = await read(cert, key).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TlsFileUnreadable);
    const { message } = error as Error;
    expect(message).toMatch(rule);
    expect(message).toContain(`http__tls${wrong}Path: cannot use ${file(wrong === 'Key' ? key : cert)}`);
    expect(message).not.toMatch(/error:|s3cret/);
  });
});
