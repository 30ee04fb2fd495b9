import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { AzureCloud } from '../lab/clouds/azure/azure-cloud.js';
import type { KeyVaultDouble, VaultKeyVersion } from '../lab/clouds/azure/key-vault.double.js';
import {
  type KeyEncryptionKey,
  KeyProviderMisconfigured,
  KeyProviderUnavailable,
} from '@key-connector/crypto-providers';
import { rejection } from '@key-connector/crypto-providers/testing';
import { AzureCompany } from './azure-company.js';

const company = AzureCompany.describe();
const dataKey = Buffer.alloc(32, 7);
const year = 365 * 86_400;
const now = (): number => Math.floor(Date.now() / 1000);

let vault: KeyVaultDouble;
let version: VaultKeyVersion;
const open = (more: object = {}): Promise<KeyEncryptionKey> => company.open(company.settings(vault, more));
beforeEach(() => {
  vault = company.vault();
  version = vault.addKey('wrap');
});
afterEach(() => {
  company.cloud.reachable = true;
  company.cloud.entra.down = false;
});

/** The message of an attempt that must fail; nothing in it or under it may be secret. */
async function refusal(attempt: Promise<unknown>, kind: new (message: string) => Error): Promise<string> {
  const error = await rejection(attempt);
  expect(error).toBeInstanceOf(kind);
  expect(error.cause).toBeUndefined();
  const said = `${String(error.stack)} ${JSON.stringify(error)}`;
  expect([...company.application.secrets].filter((secret) => said.includes(secret))).toEqual([]);
  expect(said).not.toMatch(/eyJ|Bearer/);
  return error.message;
}

describe('what passes by itself', () => {
  it.each([
    ['throttled', 'answers 429 (Throttled)'],
    ['failing', 'answers 503 (ServiceUnavailable)'],
  ] as const)('a vault that is %s is unavailable, at once, and used when it is back', async (fault, said) => {
    const key = await open();
    const wrapped = await key.wrap(dataKey);
    vault.fault = fault;
    expect(await refusal(open(), KeyProviderUnavailable)).toContain(said);
    expect(await refusal(key.unwrap(wrapped), KeyProviderUnavailable)).toContain(said);
    vault.fault = 'none';
    expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
    await expect(open()).resolves.toBeDefined();
  });

  it('a vault that cannot be reached is unavailable', async () => {
    company.cloud.reachable = false;
    expect(await refusal(open(), KeyProviderUnavailable)).toContain(vault.uri);
  });

  it('Entra in an outage is unavailable', async () => {
    company.cloud.entra.down = true;
    expect(await refusal(open(), KeyProviderUnavailable)).toContain('No token');
  });

  it('a vault whose authority is not trusted is unavailable, and the message says how to add one', async () => {
    const elsewhere = await AzureCloud.start();
    const proxy = process.env['HTTPS_PROXY'];
    Object.assign(process.env, elsewhere.environment);
    try {
      elsewhere.vault(vault.host.split('.')[0] ?? '');
      expect(await refusal(open(), KeyProviderUnavailable)).toContain('tls__extraCaPath');
    } finally {
      process.env['HTTPS_PROXY'] = proxy;
      elsewhere.stop();
    }
  });
});

describe('what only an operator can mend', () => {
  it('a wrong secret', async () => {
    const attempt = open({ azureKeyvaultAdSecret: 'wrong-secret-of-the-application' });
    expect(await refusal(attempt, KeyProviderMisconfigured)).toMatch(/AADSTS7000215.*rsaKey__azureKeyvaultAdSecret/);
  });

  it.each([
    ['azureKeyvaultAdAppId', 'AADSTS700016'],
    ['azureKeyvaultAdTenantId', 'another tenant than rsaKey__azureKeyvaultAdTenantId'],
  ])('a wrong %s', async (name, said) => {
    const attempt = open({ [name]: '00000000-0000-4000-8000-000000000000' });
    expect(await refusal(attempt, KeyProviderMisconfigured)).toContain(said);
  });

  it('a permission that is gone, by its name', async () => {
    const key = await open();
    const wrapped = await key.wrap(dataKey);
    vault.allow(company.application.clientId, ['keys/get']);
    expect(await refusal(key.unwrap(wrapped), KeyProviderMisconfigured)).toContain('keys/unwrapKey');
    vault.allow(company.application.clientId, []);
    expect(await refusal(open(), KeyProviderMisconfigured)).toContain('keys/get');
  });

  it('a version that is disabled, by its name', async () => {
    const key = await open();
    const wrapped = await key.wrap(dataKey);
    version.attributes.enabled = false;
    expect(await refusal(key.unwrap(wrapped), KeyProviderMisconfigured)).toContain(`${version.version}, is disabled`);
    expect(await refusal(open(), KeyProviderMisconfigured)).toContain(`${version.version} is disabled`);
  });

  it('a key that is deleted, by its version', async () => {
    const key = await open();
    const wrapped = await key.wrap(dataKey);
    vault.delete('wrap');
    expect(await refusal(key.unwrap(wrapped), KeyProviderMisconfigured)).toMatch(
      new RegExp(`${version.version}, is not there .404.*recover`),
    );
    expect(await refusal(open(), KeyProviderMisconfigured)).toContain('the key wrap is not there');
  });

  it('a key that does not permit unwrapKey', async () => {
    version.operations = ['sign', 'verify'];
    expect(await refusal(open(), KeyProviderMisconfigured)).toContain('does not permit the operation unwrapKey');
  });

  it.each([
    [{ kind: 'EC' }, 'is of type EC; use RSA or RSA-HSM'],
    [{ bits: 1024 }, 'is RSA with 1024 bits; use RSA'],
  ] as const)('a key of another kind (%j)', async (kind, said) => {
    vault.addKey('wrap', kind);
    expect(await refusal(open(), KeyProviderMisconfigured)).toContain(said);
  });
});

describe('a key outside of its dates', () => {
  it.each([
    ['has expired', { exp: now() - 60 }],
    ['is not valid before', { nbf: now() + year }],
  ])('opens what was wrapped before, and wraps nothing new: it %s', async (said, dates) => {
    const wrapped = await (await open()).wrap(dataKey);
    Object.assign(version.attributes, dates);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const key = await open();
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
    expect(await refusal(key.wrap(dataKey), KeyProviderMisconfigured)).toContain(said);
  });
});

describe('an identity that was granted decrypt in place of unwrapKey', () => {
  it('opens data keys all the same, and what does not decrypt reads the same', async () => {
    vault.allow(company.application.clientId, ['keys/get', 'keys/decrypt']);
    const key = await open();
    const wrapped = await key.wrap(dataKey);
    expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
    const error = await rejection(key.unwrap({ ...wrapped, ciphertext: Buffer.alloc(256, 1) }));
    expect(error).toMatchObject({ code: 'DATA_KEY_UNREADABLE' });
  });

  it('is enough where the key permits nothing else', async () => {
    version.operations = ['decrypt'];
    const key = await open();
    expect(Buffer.from(await key.unwrap(await key.wrap(dataKey)))).toEqual(dataKey);
  });
});
