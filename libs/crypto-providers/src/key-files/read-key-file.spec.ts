import { createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { withIndefiniteLengths } from '../testing/ber.js';
import { OpensslFolder } from '../testing/openssl.js';
import { rejection } from '../testing/rejection.js';
import { UnusableKeyFile } from './key-file.js';
import { readKeyFile } from './read-key-file.js';
import { thumbprintOf } from './thumbprint.js';

const password = 'fixture-password';
const fixture = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, '../../fixtures', name));

/** Reads a file as a start does, and names the key that was found by its certificate's subject. */
const subjectIn = async (bytes: Buffer, thumbprint?: string): Promise<string | undefined> => {
  const { privateKey, certificate } = await readKeyFile({
    origin: 'test',
    bytes: Buffer.from(bytes),
    password: new Secret(password),
    thumbprint,
  });
  expect(certificate?.publicKey.equals(createPublicKey(privateKey))).toBe(true);
  return certificate?.subject;
};

const refusal = async (bytes: Buffer, thumbprint?: string): Promise<string> => {
  const error = await rejection(subjectIn(bytes, thumbprint));
  expect(error).toBeInstanceOf(UnusableKeyFile);
  return error.message;
};

let folder: OpensslFolder;
const made = (name: string): Promise<Buffer> => readFile(folder.file(name));
const self = (algorithm: string, name: string): string =>
  `req -x509 -newkey ${algorithm} -nodes -keyout ${name}.key -out ${name}.crt -subj /CN=${name} -days 36500`;

beforeAll(async () => {
  folder = await OpensslFolder.create();
  const commands = [
    self('rsa:2048', 'own'),
    self('rsa:2048', 'other'),
    self('ec -pkeyopt ec_paramgen_curve:P-256', 'ec'),
    'req -new -key own.key -subj /CN=renewed -out own.csr',
    'x509 -req -in own.csr -CA other.crt -CAkey other.key -CAcreateserial -days 36500 -out renewed.crt',
    `pkcs12 -export -inkey own.key -in own.crt -certfile renewed.crt -out own.pfx -passout pass:${password}`,
    `pkcs12 -export -inkey own.key -in own.crt -out nomac.pfx -nomac -passout pass:${password}`,
    'pkcs8 -topk8 -nocrypt -in own.key -outform DER -out own.pkcs8',
    `pkcs8 -topk8 -in own.key -outform DER -out own.encrypted -passout pass:${password}`,
    'rsa -in own.key -traditional -outform DER -out own.pkcs1',
    'x509 -in own.crt -outform DER -out own.cer',
    'crl2pkcs7 -nocrl -certfile own.crt -outform DER -out own.p7b',
  ];
  for (const command of commands) await folder.openssl(command);
});
afterAll(() => folder.remove());

describe('a key file as programs hand it out', () => {
  const base64 = async (): Promise<string> => (await made('own.pfx')).toString('base64');

  it.each<[string, () => Promise<Buffer>]>([
    ['with bytes behind it', async () => Buffer.concat([await made('own.pfx'), Buffer.from('\r\n\0\0trailing')])],
    ['with bytes behind it, without MAC', async () => Buffer.concat([await made('nomac.pfx'), Buffer.alloc(512)])],
    ['with PEM behind it', async () => Buffer.concat([await made('own.pfx'), await made('other.crt')])],
    [
      'with PEM behind it, and lengths that are indefinite',
      async () => Buffer.concat([withIndefiniteLengths(await made('own.pfx')), await made('other.key')]),
    ],
    ['as PEM behind a certificate in DER', async () => Buffer.concat([await made('own.cer'), await pem()])],
    ['as PEM behind a line that begins as DER does', async () => Buffer.concat([Buffer.from('01 own\n'), await pem()])],
    ['as base64 in one line', async () => Buffer.from(await base64())],
    [
      'as base64 in lines that end as Windows’ do',
      async () => Buffer.from((await base64()).replaceAll(/.{64}/g, '$&\r\n')),
    ],
    ['as base64 in quotes', async () => Buffer.from(`"${await base64()}"\n`)],
    ['as base64 in UTF-16', async () => Buffer.from(`\ufeff${await base64()}\r\n`, 'utf16le')],
    ['in PEM armour', () => armoured('PKCS12')],
    ['as certutil -encode writes it', () => armoured('CERTIFICATE')],
    ['with indefinite lengths', async () => withIndefiniteLengths(await made('own.pfx'))],
    ['as PEM in UTF-16', async () => Buffer.from(`\ufeff${String(await pem())}`, 'utf16le')],
    ['as PEM with a byte-order mark and lines of Windows', async () => windowsPem()],
    ['as PEM in base64', async () => Buffer.from((await pem()).toString('base64'))],
  ])('opens %s', async (_, bytes) => {
    expect(await subjectIn(await bytes())).toBe('CN=own');
  });

  const armoured = async (label: string): Promise<Buffer> =>
    Buffer.from(`-----BEGIN ${label}-----\r\n${await base64()}\r\n-----END ${label}-----\r\n`);
  const pem = async (): Promise<Buffer> => Buffer.concat([await made('own.key'), await made('own.crt')]);
  const windowsPem = async (): Promise<Buffer> =>
    Buffer.from(`\ufeff${(await pem()).toString().replaceAll('\n', '\r\n')}`);

  it('opens as GnuTLS writes it: in PEM armour', async () => {
    expect(await subjectIn(await fixture('certtool.p12.pem'))).toBe('CN=Throwaway');
  });
});

describe('a key file with several keys', () => {
  it('opens where they are one, under two aliases', async () => {
    expect(await subjectIn(await fixture('keytool-two-aliases.p12'))).toBe('CN=Throwaway');
    const twice = Buffer.concat([await made('own.key'), await made('own.crt'), await made('own.key')]);
    expect(await subjectIn(twice)).toBe('CN=own');
  });

  it('opens by its one RSA key where the others are EC', async () => {
    expect(await subjectIn(await fixture('keytool-rsa-and-ec.p12'))).toBe('CN=Throwaway');
    const parts = ['ec.key', 'ec.crt', 'own.key', 'own.crt'].map(made);
    expect(await subjectIn(Buffer.concat(await Promise.all(parts)))).toBe('CN=own');
    const bare = Buffer.concat(await Promise.all(['ec.key', 'ec.crt', 'own.key'].map(made)));
    const { privateKey, certificate } = await readKeyFile({ origin: 'test', bytes: bare });
    expect([privateKey.asymmetricKeyType, certificate]).toEqual(['rsa', undefined]);
  });

  it('is refused where two are RSA, and says by which thumbprints they are told apart', async () => {
    const said = await refusal(await fixture('keytool-two-rsa.p12'));
    expect(said).toContain('more than one private key');
    const thumbprints = said.match(/\b[0-9a-f]{40}\b/g) ?? [];
    expect(thumbprints).toHaveLength(2);
    expect(said).toContain('certificate__thumbprint');
    const subjects = await Promise.all(
      thumbprints.map(async (one) => subjectIn(await fixture('keytool-two-rsa.p12'), one)),
    );
    expect(subjects.sort()).toEqual(['CN=Throwaway', 'CN=Throwaway-2']);
  });

  it('is refused where none has the certificate of the thumbprint', async () => {
    const ca = thumbprintOf(new X509Certificate(await made('other.crt')));
    const said = await refusal(await made('own.pfx'), ca);
    expect(said).toContain(thumbprintOf(new X509Certificate(await made('own.crt'))));
    expect(await refusal(await made('own.key'), ca)).toContain('holds no certificate');
  });

  it('is named by the certificate of the thumbprint where one key has two', async () => {
    const renewed = thumbprintOf(new X509Certificate(await made('renewed.crt')));
    expect(await subjectIn(await made('own.pfx'))).toBe('CN=own');
    expect(await subjectIn(await made('own.pfx'), renewed)).toBe('CN=renewed');
  });
});

describe('a file that is no key file', () => {
  const text = (content: string) => async () => Promise.resolve(Buffer.from(content));
  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['nothing', text(''), /is empty/],
    ['a Java key store', () => fixture('keytool.jks'), /Java key store \(JKS\).*keytool -importkeystore/],
    ['JCEKS', async () => Promise.resolve(Buffer.from('cececece00000002', 'hex')), /Java key store \(JCEKS\)/],
    ['BKS', async () => Promise.resolve(Buffer.from('0000000200000014', 'hex')), /Java key store \(BKS/],
    ['a certificate', () => made('own.cer'), /is a certificate.*no private key/],
    ['PKCS#7', () => made('own.p7b'), /PKCS#7.*no private key/],
    ['PKCS#8 in DER', () => made('own.pkcs8'), /private key in DER.*openssl pkey -inform DER/],
    [
      'PKCS#8 in DER under a password',
      () => made('own.encrypted'),
      /private key in DER under a password.*openssl pkey/,
    ],
    ['PKCS#1 in DER', () => made('own.pkcs1'), /private key in DER.*openssl pkey/],
    [
      'a key for SSH',
      text('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----'),
      /ssh-keygen/,
    ],
    ['a key of PuTTY', text('PuTTY-User-Key-File-3: ssh-rsa'), /SSH/],
    ['what az prints of a secret', text('{ "value": "MIIK" }'), /JSON.*--query value/],
    ['a web page', text('<!DOCTYPE html>'), /web page/],
    ['an archive', async () => Promise.resolve(Buffer.from('504b030414', 'hex')), /archive/],
  ])('is told: %s', async (_, bytes, told) => {
    expect(await refusal(await bytes())).toMatch(told);
  });
});
