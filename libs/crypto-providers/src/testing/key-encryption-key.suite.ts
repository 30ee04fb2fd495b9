import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { KeyEncryptionKey, WrappedKey } from '../contract/key-encryption-key.js';
import { wrapsWithPublicKey, wrapWithPublicKey } from '../contract/wrap-with-public-key.js';
import { damagedVariants } from './damaged-wrappings.js';
import { rejection } from './rejection.js';

/** What the contract suite needs to try a key provider. */
export interface KeyEncryptionKeyFixture {
  /** Opens the key anew, as a restarted process does. */
  open(): Promise<KeyEncryptionKey>;
  /** Opens another key of the same kind: its wrappings are foreign to the first. */
  openOther(): Promise<KeyEncryptionKey>;
  /** The id that the key must have, where it is known by other means. */
  readonly id?: string;
  /** A classic deployment's wrapping of `dataKey` under the key. */
  readonly classic?: { readonly ciphertext: Uint8Array; readonly dataKey: Uint8Array };
  /**
   * What new wrappings are made with unless the settings say otherwise, and what those of a classic deployment were.
   */
  readonly algorithms?: { readonly wraps: string; readonly classic: string };
  /** Passwords and the like that must not show up anywhere. */
  readonly secrets?: readonly string[];
}

/** The guarantees of every KeyEncryptionKey, tried on a real one. */
export function describeKeyEncryptionKey(name: string, prepare: () => Promise<KeyEncryptionKeyFixture>): void {
  describe(`the key-encryption key of ${name}`, () => {
    let fixture: KeyEncryptionKeyFixture;
    let key: KeyEncryptionKey;
    let dataKey: Buffer;
    let wrapped: WrappedKey;

    beforeAll(async () => {
      fixture = await prepare();
      key = await fixture.open();
      dataKey = randomBytes(32);
      wrapped = await key.wrap(dataKey);
    });

    it('opens what it has wrapped, also after a restart', async () => {
      expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
      expect(Buffer.from(await (await fixture.open()).unwrap(wrapped))).toEqual(dataKey);
    });

    it('opens a wrapping that went through the database as text', async () => {
      const ciphertext = Buffer.from(Buffer.from(wrapped.ciphertext).toString('base64'), 'base64');
      expect(Buffer.from(await key.unwrap({ ...wrapped, ciphertext }))).toEqual(dataKey);
    });

    it('opens what was wrapped with its public key alone, as others wrap for it', async () => {
      const { publicKey } = key;
      const { keyReference, algorithm } = wrapped;
      expect(wrapsWithPublicKey({ algorithm, publicKey })).toBe(publicKey !== null);
      if (publicKey === null) return;
      const ciphertext = await wrapWithPublicKey({ algorithm, publicKey }, dataKey);
      expect(Buffer.from(await key.unwrap({ keyReference, algorithm, ciphertext }))).toEqual(dataKey);
    });

    it('names itself by the same fingerprint after a restart, and another key by another', async () => {
      expect(key.id).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect((await fixture.open()).id).toBe(key.id);
      expect((await fixture.openOther()).id).not.toBe(key.id);
      expect(key.id).toBe(fixture.id ?? key.id);
    });

    it('names the key and the algorithm that a wrapping was made with', () => {
      expect(wrapped.keyReference).not.toBe('');
      const { wraps, classic } = fixture.algorithms ?? { wraps: wrapped.algorithm, classic: key.classicAlgorithm };
      expect({ wraps: wrapped.algorithm, classic: key.classicAlgorithm }).toEqual({ wraps, classic });
      expect(wraps).not.toBe('');
    });

    it('wraps 32 bytes and nothing else', async () => {
      for (const length of [0, 16, 31, 33, 64])
        await expect(key.wrap(randomBytes(length))).rejects.toBeInstanceOf(RangeError);
    });

    it('leaves the data key as it was given', async () => {
      const before = Buffer.from(dataKey);
      await key.wrap(dataKey);
      expect(dataKey).toEqual(before);
    });

    it('never gives the same wrapping twice, and never the data key itself', async () => {
      const again = await key.wrap(dataKey);
      expect(Buffer.from(again.ciphertext)).not.toEqual(Buffer.from(wrapped.ciphertext));
      expect(Buffer.from(wrapped.ciphertext).includes(dataKey)).toBe(false);
    });

    it('refuses a foreign, damaged or relabelled wrapping with one and the same message', async () => {
      const foreign = await (await fixture.openOther()).wrap(dataKey);
      const messages = new Set<string>();
      for (const bad of [foreign, ...damagedVariants(wrapped)]) {
        const error = await rejection(key.unwrap(bad));
        messages.add(`${String((error as { code?: unknown }).code)} ${error.message}`);
        expect(error.cause).toBeUndefined();
      }
      expect([...messages]).toEqual([expect.stringContaining('DATA_KEY_UNREADABLE')]);
    });

    it('shows no secret in what it says', async () => {
      const error = await rejection(key.unwrap({ ...wrapped, ciphertext: randomBytes(256) }));
      const said = [key.description, wrapped.keyReference, String(error.stack), JSON.stringify(key)].join('\n');
      const hidden = [...(fixture.secrets ?? []), dataKey.toString('base64'), dataKey.toString('hex')];
      expect(hidden.filter((secret) => said.includes(secret))).toEqual([]);
    });

    it('serves concurrent calls without mixing them up', async () => {
      const dataKeys = Array.from({ length: 20 }, () => randomBytes(32));
      const opened = await Promise.all(dataKeys.map(async (one) => key.unwrap(await key.wrap(one))));
      expect(opened.map((one) => Buffer.from(one))).toEqual(dataKeys);
    });

    it('closes without a word, and takes nothing from another that is open', async () => {
      const another = await fixture.open();
      await expect(another.close()).resolves.toBeUndefined();
      expect(Buffer.from(await key.unwrap(wrapped))).toEqual(dataKey);
    });

    it('opens a classic wrapping, and makes one', async () => {
      const algorithm = key.classicAlgorithm;
      const classic = fixture.classic ?? { dataKey, ciphertext: (await key.wrap(dataKey, algorithm)).ciphertext };
      const opened = await key.unwrap({ keyReference: 'classic', algorithm, ciphertext: classic.ciphertext });
      expect(Buffer.from(opened)).toEqual(Buffer.from(classic.dataKey));
      await expect(key.wrap(dataKey, algorithm)).resolves.toMatchObject({ algorithm });
    });
  });
}
