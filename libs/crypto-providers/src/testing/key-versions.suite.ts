import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { KeyEncryptionKey, WrappedKey } from '../contract/key-encryption-key.js';
import { KeyProviderMisconfigured } from '../contract/key-provider.errors.js';
import { rejection } from './rejection.js';

/** A key at a provider that keeps several versions of it, with one version so far. */
export interface VersionedKey {
  /** Opens the key as a process does whose database has wrappings with these key references. */
  open(recorded: readonly string[]): Promise<KeyEncryptionKey>;
  /** Makes a newer version at the provider, which is then its current one. */
  addVersion(): Promise<void>;
  /** Disables or destroys the version that a key reference names. */
  retireVersion(keyReference: string): Promise<void>;
  /** What a message about a version must show, so that the operator finds it. */
  nameOf(keyReference: string): string;
}

/** The guarantees of a key that has versions at its provider. */
export function describeKeyVersions(name: string, prepare: () => Promise<VersionedKey>): void {
  describe(`the versions of ${name}`, () => {
    let versions: VersionedKey;
    let dataKey: Buffer;
    let before: KeyEncryptionKey;
    let wrapped: WrappedKey;
    const reopen = (): Promise<KeyEncryptionKey> => versions.open([wrapped.keyReference]);

    beforeAll(async () => {
      versions = await prepare();
      before = await versions.open([]);
      dataKey = randomBytes(32);
      wrapped = await before.wrap(dataKey);
      await versions.addVersion();
    });

    it('a new version changes nothing for a deployment that recorded the old one', async () => {
      const key = await reopen();
      expect(key.id).toBe(before.id);
      expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
      expect((await key.wrap(dataKey)).keyReference).toBe(wrapped.keyReference);
    });

    it('a process that was started before the new version goes on with its own', async () => {
      expect(Buffer.from(await before.unwrap(wrapped))).toEqual(dataKey);
      expect((await before.wrap(dataKey)).keyReference).toBe(wrapped.keyReference);
    });

    it('a new deployment takes the newest version', async () => {
      const key = await versions.open([]);
      expect(key.keyReference).not.toBe(wrapped.keyReference);
      expect(key.id).not.toBe(before.id);
    });

    it('a version that is disabled or destroyed is named in the message, and is no damaged wrapping', async () => {
      await versions.retireVersion(wrapped.keyReference);
      const error = await rejection(reopen().then((key) => key.unwrap(wrapped)));
      expect(error).toBeInstanceOf(KeyProviderMisconfigured);
      expect(error.message).toContain(versions.nameOf(wrapped.keyReference));
    });
  });
}
