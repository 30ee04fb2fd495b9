import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { z } from 'zod';
import { KeyProvider } from './key-provider.js';
import { KeyProviderUnavailable } from './contract/key-provider.errors.js';
import { keyProviderSettingsSchemaOf } from './key-provider.settings.js';
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
