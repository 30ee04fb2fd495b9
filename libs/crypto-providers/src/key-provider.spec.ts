import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { KeyProvider } from './key-provider.js';
import { KeyProviderUnavailable } from './contract/key-provider.errors.js';
import { type KeyProviderSettings, keyProviderSettingsSchemaOf } from './key-provider.settings.js';
import type { KeyProviderModule, ProvidedKey } from './contract/key-provider-module.js';
import { checkedModule } from './providers/package/load-module.js';

const close = jest.fn<() => Promise<void>>();
const key = {
  id: `sha256:${'a'.repeat(64)}`,
  description: 'slot 3',
  keyReference: 'v1',
  classicAlgorithm: 'A',
  close,
} as unknown as ProvidedKey;
Object.assign(key, { wrap: () => undefined, unwrap: () => undefined });

/** The provider of a package that opens its key so. */
function providerThat(open: () => Promise<ProvidedKey>, timeoutSeconds = '15'): KeyProvider {
  const provider: KeyProviderModule = { apiVersion: 1, settings: z.strictObject({}), describe: () => 'slot 3', open };
  const schema = keyProviderSettingsSchemaOf(checkedModule('@acme/x', provider));
  return new KeyProvider(schema.parse({ rsaKey: { provider: 'module:@acme/x', timeoutSeconds } }));
}

describe('the key provider of a service that stops', () => {
  const warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const failing = (): Promise<never> => Promise.reject(new Error('hunter2'));

  it('closes its key, once', async () => {
    close.mockReset().mockResolvedValue();
    const provider = providerThat(() => Promise.resolve(key));
    await provider.open();
    await provider.open();
    await provider.onApplicationShutdown();
    await provider.onApplicationShutdown();
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('has nothing to close where no key was opened', async () => {
    close.mockReset();
    const provider = providerThat(failing);
    await provider.onApplicationShutdown();
    await expect(provider.open()).rejects.toThrow('@acme/x');
    await provider.onApplicationShutdown();
    expect(close).not.toHaveBeenCalled();
  });

  it('does not wait for a key that is still being opened, and closes it when it comes', async () => {
    close.mockReset().mockResolvedValue();
    let answer: (opened: ProvidedKey) => void = () => undefined;
    const provider = providerThat(() => new Promise((resolve) => (answer = resolve)), '1');
    await expect(provider.open()).rejects.toBeInstanceOf(KeyProviderUnavailable);
    await provider.onApplicationShutdown();
    expect(close).not.toHaveBeenCalled();
    answer(key);
    await new Promise(setImmediate);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['fails', failing, '15', /@acme\/x failed in close\(\)/],
    ['does not end', () => new Promise<never>(() => undefined), '1', /has not answered for 1 s/],
  ])('ends also when closing %s, and says so without what the package said', async (_, closing, seconds, said) => {
    close.mockReset().mockImplementation(closing);
    warnings.mockClear();
    const provider = providerThat(() => Promise.resolve(key), seconds);
    await provider.open();
    await provider.onApplicationShutdown();
    expect(warnings.mock.calls).toEqual([[expect.objectContaining({ reason: expect.stringMatching(said) })]]);
    expect(JSON.stringify(warnings.mock.calls)).not.toContain('hunter2');
  });
});

describe('the key provider of a service whose credentials change', () => {
  const password = new Secret('password');
  let folder: string;
  let same: string;
  let other: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-provider-'));
    const pem = (): string => generateKeyPairSync('rsa', rsa).privateKey;
    const key = pem();
    const encrypted = createPrivateKey(key).export({
      ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password.reveal() },
    });
    [same, other] = [join(folder, 'same.pem'), join(folder, 'other.pem')];
    await Promise.all([writeFile(join(folder, 'key.pem'), key), writeFile(same, encrypted), writeFile(other, pem())]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const rsa = {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  } as const;
  const settings = (path: string, given?: Secret): KeyProviderSettings => ({
    kind: 'certificate',
    timeoutSeconds: 15,
    source: { kind: 'filesystem', path, password: given },
  });

  it('goes on with the same key from the new ones, also for who holds it', async () => {
    const provider = new KeyProvider(settings(join(folder, 'key.pem')));
    const held = await provider.open();
    const dataKey = randomBytes(32);
    const before = await held.wrap(dataKey);
    await provider.replaceCredentials(settings(same, password));
    expect(Buffer.from(await held.unwrap(before)).equals(dataKey)).toBe(true);
    expect(held.description).toContain('same.pem');
  });

  it('refuses another key and what does not open, and goes on with the one in use', async () => {
    const provider = new KeyProvider(settings(join(folder, 'key.pem')));
    const held = await provider.open();
    const before = await held.wrap(randomBytes(32));
    await expect(provider.replaceCredentials(settings(other))).rejects.toThrow('is another key');
    await expect(provider.replaceCredentials(settings(same, new Secret('wrong')))).rejects.toThrow();
    expect(await held.unwrap(before)).toHaveLength(32);
    expect(held.description).toContain('key.pem');
  });

  it('opens its key by the new ones where it was not open yet', async () => {
    const provider = new KeyProvider(settings(join(folder, 'not-there.pem')));
    await expect(provider.open()).rejects.toThrow();
    await provider.replaceCredentials(settings(same, password));
    expect((await provider.open()).description).toContain('same.pem');
  });
});
