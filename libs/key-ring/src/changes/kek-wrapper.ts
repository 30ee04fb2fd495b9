import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  dataKeyLength,
  type KeyEncryptionKey,
  UnwrapFailed,
  type WrappedKey,
  wrapsWithPublicKey,
  wrapWithPublicKey,
} from '@key-connector/crypto-providers';
import { recoveryKeyOf } from '@key-connector/recovery-keys';
import type { NewWrapping } from '../data-keys/ring-store.js';
import { wrappedKeyOf } from '../data-keys/wrappings.js';
import { DataKeyUnreadable } from '../key-ring.errors.js';
import type { ManifestKek } from '../manifest/manifest.js';
import type { DataKey } from '../values/data-key.js';
import { RingChangeRefused } from './changes.errors.js';

/** A data key, or the seed of the ring's identity, in the clear: 32 bytes that their owner wipes. */
export interface PlainKey {
  /** The row of DataKeys: the data key's id, or that of the identity. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** How a key-encryption key of the manifest is at hand. */
export interface KekWrapper {
  /** Wraps 32 bytes; what can be opened again is opened and compared before it is given. */
  wrap(plain: PlainKey): Promise<NewWrapping>;
}

/**
 * The way to wrap under a key-encryption key: by its provider, where it is the one of this command's settings, else by
 * its public half.
 *
 * @throws RingChangeRefused where neither can be done.
 */
export function kekWrapper(kek: ManifestKek, configured: readonly KeyEncryptionKey[]): KekWrapper {
  const own = configured.find(({ id }) => id === kek.id);
  if (own !== undefined) return { wrap: (plain) => wrapWithProvider(own, kek, plain) };
  if (kek.role === 'recovery') return { wrap: (plain) => wrapForRecovery(kek, plain) };
  if (!wrapsWithPublicKey(kek))
    throw new RingChangeRefused(
      `The key-encryption key ${kek.id} (${kek.reference}) has no public half, so nothing can be wrapped under it unless it is ` +
        'the one that the settings name. Run this command with the settings of that key, or remove it first (key-connector kek remove).',
    );
  return { wrap: (plain) => wrapWithPublicHalf(kek, plain) };
}

/** A data key as classic software finds it in ApplicationDatas: base64, wrapped in its algorithm. */
export async function wrapForClassicSoftware(kek: KeyEncryptionKey, { secret }: DataKey): Promise<string> {
  const bytes = secret.export();
  try {
    const wrapped = await kek.wrap(bytes, kek.classicAlgorithm);
    await requireOpens(kek, wrapped, bytes);
    return Buffer.from(wrapped.ciphertext).toString('base64');
  } finally {
    bytes.fill(0);
  }
}

/** As every reader opens it: algorithm and reference are those of the manifest, whatever the settings have become. */
async function wrapWithProvider(own: KeyEncryptionKey, kek: ManifestKek, plain: PlainKey): Promise<NewWrapping> {
  const { ciphertext } = await wrapBy(own, kek, plain.bytes);
  const row = rowOf(plain, kek, ciphertext);
  await requireOpens(own, wrappedKeyOf(kek, row.wrappedKey), plain.bytes);
  return row;
}

/** A key may take no algorithm by name, its own neither: it is asked only where it is another one. */
async function wrapBy(own: KeyEncryptionKey, kek: ManifestKek, bytes: Uint8Array): Promise<WrappedKey> {
  const wrapped = await own.wrap(bytes);
  if (wrapped.algorithm === kek.algorithm) return wrapped;
  try {
    return await own.wrap(bytes, kek.algorithm);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RingChangeRefused(
      `The key-encryption key ${own.id} (${own.description}) wraps with ${wrapped.algorithm} now, and the ring's manifest lists it with ` +
        `${kek.algorithm}: give it its former settings (rsaKey__oaepHash) for this command. Nothing was changed in the database.`,
    );
  }
}

/** Nobody relies on a wrapping that was not opened again and compared. */
async function requireOpens(own: KeyEncryptionKey, wrapped: WrappedKey, bytes: Uint8Array): Promise<void> {
  const reopened = await own.unwrap(wrapped).catch((error: unknown) => {
    throw error instanceof UnwrapFailed ? notOpened(own, wrapped) : error;
  });
  try {
    if (reopened.length === bytes.length && timingSafeEqual(reopened, bytes)) return;
    throw new DataKeyUnreadable(`The key provider (${own.description}) gave back something else than it had wrapped.`);
  } finally {
    reopened.fill(0);
  }
}

const notOpened = ({ description }: KeyEncryptionKey, { algorithm, keyReference }: WrappedKey): DataKeyUnreadable =>
  new DataKeyUnreadable(
    `The key provider (${description}) does not open what it has just wrapped as ${algorithm} under ${keyReference}: are its settings ` +
      'those that the ring was made with? Nothing was changed in the database.',
  );

async function wrapWithPublicHalf(kek: ManifestKek, plain: PlainKey): Promise<NewWrapping> {
  return rowOf(plain, kek, await wrapWithPublicKey(kek, plain.bytes));
}

async function wrapForRecovery(kek: ManifestKek, plain: PlainKey): Promise<NewWrapping> {
  return rowOf(plain, kek, await recoveryKeyOf(kek.publicKey ?? '').wrap(plain.id, plain.bytes));
}

const rowOf = ({ id }: PlainKey, kek: ManifestKek, ciphertext: Uint8Array): NewWrapping => ({
  dataKeyId: id,
  kekId: kek.id,
  keyReference: kek.reference,
  algorithm: kek.algorithm,
  wrappedKey: Buffer.from(ciphertext).toString('base64'),
});

/** How a manifest lists a key-encryption key of the service: with what it wraps with, in its own words. */
export async function serviceEntry(key: KeyEncryptionKey): Promise<ManifestKek> {
  // It wraps something that nobody needs to tell.
  const { algorithm } = await key.wrap(randomBytes(dataKeyLength));
  return { id: key.id, role: 'service', algorithm, reference: key.keyReference, publicKey: key.publicKey };
}

/** The order in which a manifest lists key-encryption keys. */
export const byId = (one: ManifestKek, other: ManifestKek): number => (one.id < other.id ? -1 : 1);
