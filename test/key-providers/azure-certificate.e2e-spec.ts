import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '@key-connector/crypto-providers';
import { describeKeyEncryptionKey, rejection } from '@key-connector/crypto-providers/testing';
import { makeKeyPem, makeKeyPfx } from '../lab/files/certificate.js';
import { run } from '../lab/processes/child-process.js';
import type { KeyVaultDouble, VaultSecretVersion } from '../lab/clouds/azure/key-vault.double.js';
import { AzureCompany } from './azure-company.js';

const company = AzureCompany.describe();
/** Made once: what matters here is where they are kept. */
const [pfx, otherPfx] = [makeKeyPfx(''), makeKeyPfx('')].map((bytes) => bytes.toString('base64')) as [string, string];
const pem = 'application/x-pem-file';

const classic = resolve(import.meta.dirname, '../fixtures/classic');
const expected = JSON.parse(readFileSync(`${classic}/expected.json`, 'utf8')) as Record<
  'pfxPassword' | 'dataKey',
  string
>;
/** ApplicationDatas.SymmetricKey of the classic fixture. */
const symmetricKey = /INTO "ApplicationDatas" \("SymmetricKey"\) VALUES \('([^']+)'\)/.exec(
  readFileSync(`${classic}/postgresql.sql`, 'utf8'),
)?.[1];

/** The key of the classic fixture without its password, as a vault gives it. */
function classicPem(): Promise<string> {
  const options = ['-nodes', '-passin', `pass:${expected.pfxPassword}`];
  return run('openssl', ['pkcs12', '-in', `${classic}/bwkc-aes.pfx`, ...options]);
}

for (const [name, values, contentType] of [
  ['PKCS#12', [pfx, otherPfx], 'application/x-pkcs12'],
  ['PEM', [makeKeyPem(), makeKeyPem()], pem],
] as const)
  describeKeyEncryptionKey(`a certificate in Azure Key Vault, ${name}`, () => {
    const vault = company.vault();
    vault.addSecret('wrap', values[0], contentType);
    vault.addSecret('other', values[1], contentType);
    return Promise.resolve({
      open: () => company.openCertificate(company.certificateSettings(vault)),
      openOther: () =>
        company.openCertificate(company.certificateSettings(vault, { azureKeyvaultCertificateName: 'other' })),
      secrets: [...company.application.secrets, values[0].slice(100, 160)],
    });
  });

describe('a classic deployment with its certificate in Azure Key Vault', () => {
  test('opens its data key', async () => {
    const vault = company.vault();
    vault.addSecret('wrap', await classicPem(), pem);
    const key = await company.openCertificate(company.certificateSettings(vault));
    const ciphertext = Buffer.from(symmetricKey ?? '', 'base64');
    const opened = await key.unwrap({ keyReference: 'classic', algorithm: key.classicAlgorithm, ciphertext });
    expect(Buffer.from(opened).toString('base64')).toBe(expected.dataKey);
  });
});

describe('the version of the certificate', () => {
  let vault: KeyVaultDouble;
  let first: VaultSecretVersion;
  let reference: string;
  const open = (recorded: readonly string[], more: object = {}): Promise<string> =>
    company
      .openCertificate(company.certificateSettings(vault, more), recorded)
      .then(({ keyReference }) => keyReference);

  beforeAll(async () => {
    vault = company.vault();
    first = vault.addSecret('wrap', pfx);
    reference = await open([]);
    vault.addSecret('wrap', otherPfx);
  });

  test('stands in the key reference', () => {
    expect(reference).toMatch(/^certificate:sha1:[0-9a-f]{40}@/);
    expect(reference.split('@')[1]).toBe(first.id);
  });

  test('a renewal changes nothing for a deployment that recorded the old one', async () => {
    expect(await open([reference])).toBe(reference);
    expect(await open([])).not.toBe(reference);
    expect(await open([], { azureKeyvaultCertificateVersion: first.version })).toBe(reference);
  });

  test('that is disabled or has expired is named', async () => {
    first.attributes.enabled = false;
    const disabled = await rejection(open([reference]));
    expect(disabled).toBeInstanceOf(KeyProviderMisconfigured);
    expect(disabled.message).toContain(`version ${first.version}, is disabled`);
    Object.assign(first.attributes, { enabled: true, exp: 1 });
    expect(await open([reference]).catch(String)).toContain(`version ${first.version}, has expired`);
  });
});

describe('a certificate in Azure Key Vault that cannot be used', () => {
  const refusal = async (vault: KeyVaultDouble, more: object = {}): Promise<string> => {
    const error = await rejection(company.openCertificate(company.certificateSettings(vault, more)));
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    return error.message;
  };

  test('is not there', async () => {
    expect(await refusal(company.vault())).toContain('the certificate wrap is not there (404)');
  });

  test('is not the identity’s to read', async () => {
    const vault = company.vault();
    vault.addSecret('wrap', pfx);
    vault.allow(company.application.clientId, ['keys/get']);
    expect(await refusal(vault)).toContain('grant it secrets/get');
  });

  test('is something else', async () => {
    const vault = company.vault();
    vault.addSecret('wrap', 'a password, not a certificate', 'text/plain');
    const message = await refusal(vault);
    expect(message).toContain('holds neither PKCS#12 in base64 nor PEM');
    expect(message).not.toContain('a password');
  });

  test('is away, and that passes', async () => {
    const vault = company.vault();
    vault.addSecret('wrap', pfx);
    vault.fault = 'throttled';
    const settings = company.certificateSettings(vault);
    expect(await rejection(company.openCertificate(settings))).toBeInstanceOf(KeyProviderUnavailable);
    vault.fault = 'none';
    await expect(company.openCertificate(settings)).resolves.toBeDefined();
  });
});
