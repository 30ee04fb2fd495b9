import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Secret } from '@key-connector/common';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import { describeKeyEncryptionKey } from '../../testing/index.js';
import { OpensslFolder } from '../../testing/openssl.js';
import { rejection } from '../../testing/rejection.js';
import { openCertificate } from './open-key.js';
import { basics, keyFileRecipes } from '../../testing/key-file-recipes.js';

const root = `${resolve(import.meta.dirname, '../../../../..')}/`;
const password = 'fixture-password';

const openFile = (path: string, filePassword?: string): Promise<KeyEncryptionKey> =>
  openCertificate(
    { kind: 'filesystem', path, password: filePassword === undefined ? undefined : new Secret(filePassword) },
    { timeoutSeconds: 15, recordedKeyReferences: [] },
  );

interface Expected {
  dataKey: string;
  wrappedDataKeySha256: string;
}
const classicFolder = `${root}test/fixtures/classic/`;
const expected = JSON.parse(readFileSync(`${classicFolder}expected.json`, 'utf8')) as Expected;
/** ApplicationDatas.SymmetricKey of the classic fixture. */
const symmetricKey = /INTO "ApplicationDatas" \("SymmetricKey"\) VALUES \('([^']+)'\)/.exec(
  readFileSync(`${classicFolder}postgresql.sql`, 'utf8'),
)?.[1];

let folder: OpensslFolder;
beforeAll(async () => {
  folder = await OpensslFolder.create();
  for (const command of basics) await folder.openssl(command);
});
afterAll(() => folder.remove());

describe('a file made by the openssl program', () => {
  for (const recipe of keyFileRecipes)
    describeKeyEncryptionKey(recipe.name, async () => {
      for (const command of recipe.commands) await folder.openssl(command);
      return {
        open: () => openFile(folder.file(recipe.file), recipe.password),
        openOther: () => openFile(folder.file('other.key')),
        id: spkiFingerprint(readFileSync(folder.file(recipe.certificate))),
        secrets: recipe.password === undefined ? [] : [recipe.password],
      };
    });
});

for (const name of ['bwkc-aes.pfx', 'bwkc-legacy.pfx'])
  describeKeyEncryptionKey(`a classic deployment (${name})`, () =>
    Promise.resolve({
      open: () => openFile(classicFolder + name, password),
      openOther: () => openFile(folder.file('other.key')),
      algorithms: { wraps: 'RSA-OAEP-256', classic: 'RSA-OAEP' },
      classic: {
        ciphertext: Buffer.from(symmetricKey ?? '', 'base64'),
        dataKey: Buffer.from(expected.dataKey, 'base64'),
      },
      secrets: [password],
    }),
  );

for (const name of ['keytool.p12', 'keytool-legacy.p12'])
  describeKeyEncryptionKey(`a Java key store (${name})`, () =>
    Promise.resolve({
      open: () => openFile(`${root}libs/crypto-providers/fixtures/${name}`, password),
      openOther: () => openFile(folder.file('other.key')),
      secrets: [password],
    }),
  );

describe('the certificate provider', () => {
  it('opens a wrapping with SHA-256 that other software made', async () => {
    const key = await openFile(`${classicFolder}bwkc-aes.pfx`, password);
    const ciphertext = Buffer.from(expected.wrappedDataKeySha256, 'base64');
    const dataKey = await key.unwrap({ keyReference: 'other', algorithm: 'RSA-OAEP-256', ciphertext });
    expect(Buffer.from(dataKey).toString('base64')).toBe(expected.dataKey);
  });

  it('gives the same id for the same key in another file', async () => {
    const [aes, legacy] = [
      await openFile(`${classicFolder}bwkc-aes.pfx`, password),
      await openFile(`${classicFolder}bwkc-legacy.pfx`, password),
    ];
    expect(aes.id).toBe(legacy.id);
  });

  it('names the certificate by the thumbprint that operators know', async () => {
    const { keyReference } = await (await openFile(`${classicFolder}bwkc-aes.pfx`, password)).wrap(Buffer.alloc(32, 7));
    const listing = execFileSync('openssl', [
      ...['pkcs12', '-in', `${classicFolder}bwkc-aes.pfx`, '-passin', `pass:${password}`, '-nokeys'],
    ]);
    const certificate = new X509Certificate(listing);
    expect(keyReference).toBe(`certificate:sha1:${certificate.fingerprint.replaceAll(':', '').toLowerCase()}`);
  });

  it('opens the one of several RSA keys whose thumbprint the settings give', async () => {
    const path = `${root}libs/crypto-providers/fixtures/keytool-two-rsa.p12`;
    const open = (ofThumbprint?: string): Promise<KeyEncryptionKey> =>
      openCertificate(
        { kind: 'filesystem', path, password: new Secret(password), ofThumbprint },
        { timeoutSeconds: 15, recordedKeyReferences: [] },
      );
    const { message } = await rejection(open());
    const thumbprints = message.match(/\b[0-9a-f]{40}\b/g) ?? [];
    const keys = await Promise.all(thumbprints.map(open));
    expect(keys.map(({ keyReference }) => keyReference)).toEqual(thumbprints.map((one) => `certificate:sha1:${one}`));
    expect(new Set(keys.map(({ id }) => id)).size).toBe(2);
  });

  it('goes on with an expired certificate, and warns', async () => {
    await folder.openssl('req -new -key own.key -subj /CN=Expired -out expired.csr');
    await folder.openssl('x509 -req -in expired.csr -signkey own.key -days -1 -out expired.crt');
    await folder.concatenate(['own.key', 'expired.crt'], 'expired.pem');
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    await expect(openFile(folder.file('expired.pem'))).resolves.toBeDefined();
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ msg: expect.stringContaining('has expired') }));
    warn.mockRestore();
  });

  it('makes wrappings that openssl opens with OAEP and SHA-256', async () => {
    const dataKey = Buffer.alloc(32, 7);
    const { ciphertext } = await (await openFile(folder.file('other.key'))).wrap(dataKey);
    const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'].flatMap((o) => ['-pkeyopt', o]);
    const opened = execFileSync('openssl', ['pkeyutl', '-decrypt', '-inkey', folder.file('other.key'), ...oaep], {
      input: ciphertext,
    });
    expect(opened).toEqual(dataKey);
  });
});

function spkiFingerprint(certificate: Buffer): string {
  const spki = new X509Certificate(certificate).publicKey.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
