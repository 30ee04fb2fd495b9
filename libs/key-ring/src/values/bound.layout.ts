import { hkdfSync, type KeyObject } from 'node:crypto';
import { type UserId, userIdBytes } from '@key-connector/common';
import type { ValuesOf } from '@key-connector/database';
import { classicDataKeyId, type DataKey, takeSecret } from './data-key.js';
import { OpeningFailure } from './opening-failure.js';
import { decrypt, encrypt, ivLength, tagLength } from './aes-gcm.js';
import { decodeCanonical } from './canonical-base64.js';

const context = Buffer.from('key-connector user-key v2');
const keyLength = 32;

/** What every bound value begins with. */
export const boundPrefix = 'kc2.';

/** What tells the values under a data key from all others; those under data key 0 include every classic one. */
export const valuesUnder = (dataKeyId: number): ValuesOf => ({
  dataKeyId,
  prefix: `${boundPrefix}${dataKeyId}.`,
  unlike: dataKeyId === classicDataKeyId ? boundPrefix : undefined,
});

/** What tells the values in the classic layout from all others. */
export const classicValues: ValuesOf = { dataKeyId: null, unlike: boundPrefix };

/** The id without leading zeros, so that one id has one spelling. */
const pattern = /^kc2\.(0|[1-9]\d{0,9})\.([\w-]+)$/;
/** What the column `DataKeyId` can hold. */
export const maxDataKeyId = 0x7fff_ffff;

/** A bound value, taken apart. */
export interface BoundValue {
  readonly dataKeyId: number;
  readonly payload: string;
}

/** Whether a value claims to be in the bound layout. */
export function isBound(value: string): boolean {
  return value.startsWith(boundPrefix);
}

/** The data key that a value needs, by its beginning alone; `undefined` where it names none. */
export function headerOf(value: string): number | undefined {
  const [, id] = /^kc2\.(0|[1-9]\d{0,9})\./.exec(value) ?? [];
  return id === undefined || Number(id) > maxDataKeyId ? undefined : Number(id);
}

/** Takes `kc2.<dataKeyId>.<payload>` apart. */
export function parseBound(value: string): BoundValue {
  const [, id, payload] = pattern.exec(value) ?? [];
  const dataKeyId = Number(id);
  if (payload === undefined || dataKeyId > maxDataKeyId) throw new OpeningFailure('malformed');
  return { dataKeyId, payload };
}

/** Seals a user's key so that it opens for this user and this data key only. */
export function sealBound(dataKey: DataKey, userId: UserId, key: Uint8Array): string {
  const user = userIdBytes(userId);
  const { iv, ciphertext, tag } = encrypt(userKey(dataKey, user), key, associatedData(dataKey.id, user));
  return `${boundPrefix}${dataKey.id}.${Buffer.concat([iv, ciphertext, tag]).toString('base64url')}`;
}

/** Opens a bound value under the data key that its header names; an OpeningFailure says why not. */
export function openBound(dataKey: DataKey, userId: UserId, { payload }: BoundValue): Buffer {
  const bytes = decodeCanonical(payload, 'base64url');
  const tagAt = bytes.length - tagLength;
  if (tagAt <= ivLength) throw new OpeningFailure('malformed');
  const sealed = {
    iv: bytes.subarray(0, ivLength),
    ciphertext: bytes.subarray(ivLength, tagAt),
    tag: bytes.subarray(tagAt),
  };
  const user = userIdBytes(userId);
  return decrypt(userKey(dataKey, user), sealed, associatedData(dataKey.id, user));
}

/**
 * HKDF-SHA-256 (RFC 5869): one key per user, so that the limit of random IVs (2^32 for one key) is never near.
 *
 * A KeyObject, because Node's ciphers take one in a quarter of the time that they need for bytes.
 */
function userKey({ secret }: DataKey, user: Buffer): KeyObject {
  return takeSecret(new Uint8Array(hkdfSync('sha256', secret, user, context, keyLength)));
}

/** context ‖ 0x00 ‖ uint32 big-endian data-key id ‖ user id */
function associatedData(dataKeyId: number, user: Buffer): Buffer {
  const data = Buffer.alloc(context.length + 5 + user.length);
  context.copy(data);
  data.writeUInt32BE(dataKeyId, context.length + 1);
  user.copy(data, context.length + 5);
  return data;
}
