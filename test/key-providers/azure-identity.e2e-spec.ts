import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type KeyEncryptionKey,
  KeyProviderMisconfigured,
  KeyProviderUnavailable,
} from '@key-connector/crypto-providers';
import { rejection } from '@key-connector/crypto-providers/testing';
import { workloadAssertion } from '../lab/clouds/azure/entra.double.js';
import type { KeyVaultDouble } from '../lab/clouds/azure/key-vault.double.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { AzureCompany } from './azure-company.js';

const company = AzureCompany.describe();
const dataKey = Buffer.alloc(32, 7);

let vault: KeyVaultDouble;
let variables: string[];
const setEnvironment = (values: Readonly<Record<string, string>>): void => {
  variables.push(...Object.keys(values));
  Object.assign(process.env, values);
};
beforeEach(() => {
  vault = company.vault();
  vault.addKey('wrap');
  variables = [];
  company.cloud.entra.issued.length = 0;
});
afterEach(() => {
  jest.useRealTimers();
  for (const name of variables) Reflect.deleteProperty(process.env, name);
  company.cloud.identity = undefined;
  company.cloud.entra.tokenLifetime = 3600;
});

const noCredentials = {
  azureKeyvaultAdTenantId: undefined,
  azureKeyvaultAdAppId: undefined,
  azureKeyvaultAdSecret: undefined,
};
const openWithout = (more: object = {}): Promise<KeyEncryptionKey> =>
  company.open(company.settings(vault, { ...noCredentials, ...more }));

async function works(key: KeyEncryptionKey): Promise<void> {
  expect(Buffer.from(await key.unwrap(await key.wrap(dataKey)))).toEqual(dataKey);
}

/** Moves the clock, for the SDK and the doubles alike; timers go on. */
function laterBy(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  const timers = [
    'setTimeout',
    'clearTimeout',
    'setInterval',
    'clearInterval',
    'setImmediate',
    'clearImmediate',
  ] as const;
  jest.useFakeTimers({ now, doNotFake: [...timers, 'nextTick', 'queueMicrotask', 'hrtime', 'performance'] });
}

describe('a managed identity', () => {
  beforeEach(() => {
    setEnvironment(company.cloud.metadataEnvironment);
  });

  // First: the SDK keeps the tokens of managed identities for the life of the process.
  test('that the machine does not have is said', async () => {
    const error = await rejection(openWithout());
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain(`No token for ${vault.uri} (invalid_request)`);
  });

  test('is the machine’s own, or the one that the settings name', async () => {
    company.cloud.identity = company.application;
    await works(await openWithout());
    await works(await openWithout({ azureKeyvaultAdAppId: company.application.clientId }));
    expect(new Set(company.cloud.entra.issued)).toEqual(new Set(['managed identity']));
  });
});

describe('a workload identity', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const workload = { issuer: 'https://cluster.example', subject: 'system:serviceaccount:keys:key-connector' };
  let folder: TempFolder;
  let file: string;
  const writeToken = (lifetime: number): Promise<void> =>
    writeFile(file, workloadAssertion(privateKey, { ...workload, lifetime }));

  beforeEach(async () => {
    folder = await tempFolder('workload');
    file = join(folder.path, 'token');
    company.application.federated.splice(0, Infinity, { ...workload, publicKey });
    setEnvironment({
      AZURE_FEDERATED_TOKEN_FILE: file,
      AZURE_CLIENT_ID: company.application.clientId,
      AZURE_TENANT_ID: company.cloud.entra.tenantId,
      AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
    });
  });
  afterEach(() => folder.remove());

  test('gives its token, and the token file is read again when it rotates', async () => {
    company.cloud.entra.tokenLifetime = 900;
    await writeToken(1000);
    const key = await openWithout();
    await works(key);
    laterBy(1200);
    await writeToken(1000);
    await works(key);
    expect(company.cloud.entra.issued).toEqual(['assertion', 'assertion']);
  });

  test('whose token is about to be renewed is unavailable, not refused', async () => {
    await writeToken(-60);
    expect(await rejection(openWithout())).toBeInstanceOf(KeyProviderUnavailable);
    await writeToken(600);
    await works(await openWithout());
  });

  test('that Entra does not know is refused', async () => {
    company.application.federated.length = 0;
    await writeToken(600);
    const error = await rejection(openWithout());
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('AADSTS700213');
  });
});

describe('an application', () => {
  test('that the variables of the SDK name is used where the settings name none', async () => {
    setEnvironment({
      AZURE_TENANT_ID: company.cloud.entra.tenantId,
      AZURE_CLIENT_ID: company.application.clientId,
      AZURE_CLIENT_SECRET: [...company.application.secrets].join(''),
    });
    await works(await openWithout());
    expect(company.cloud.entra.issued).toEqual(['secret']);
  });

  test('that those variables name with a wrong secret is refused', async () => {
    setEnvironment({
      AZURE_TENANT_ID: company.cloud.entra.tenantId,
      AZURE_CLIENT_ID: company.application.clientId,
      AZURE_CLIENT_SECRET: 'wrong-secret-of-the-application',
    });
    const error = await rejection(openWithout());
    expect(error).toBeInstanceOf(KeyProviderMisconfigured);
    expect(error.message).toContain('AADSTS7000215');
    expect(error.message).not.toContain('wrong-secret');
  });

  test('gets a new token when the old one expires', async () => {
    company.cloud.entra.tokenLifetime = 900;
    const key = await company.open(company.settings(vault));
    await works(key);
    await works(key);
    const before = company.cloud.entra.issued.length;
    laterBy(1000);
    await works(key);
    expect(company.cloud.entra.issued.length).toBeGreaterThan(before);
  });

  test('signs in at the host that the settings name, through the proxy as all else', async () => {
    company.cloud.tunnels.length = 0;
    const azureKeyvaultAuthorityHost = 'https://login.microsoftonline.us';
    await works(await company.open(company.settings(vault, { azureKeyvaultAuthorityHost })));
    expect(company.cloud.tunnels).toContain('login.microsoftonline.us:443');
    expect(company.cloud.tunnels).toContain(`${vault.host}:443`);
  });
});

describe('a vault under a name of its own', () => {
  test('is sent no token, unless the settings allow it', async () => {
    const renamed = company.cloud.vault('keys', 'company.example');
    renamed.allow(company.application.clientId);
    renamed.addKey('wrap');
    expect(await rejection(company.open(company.settings(renamed)))).toBeInstanceOf(KeyProviderMisconfigured);
    expect(renamed.requests).toEqual([]);
    await works(await company.open(company.settings(renamed, { azureKeyvaultVerifyResource: 'false' })));
  });
});
