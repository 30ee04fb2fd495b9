import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/**
 * Both value layouts written a second time, from their description alone and with other means (HKDF out of HMACs), to
 * check the first.
 */
export function referenceSealClassic(dataKey: Buffer, key: Buffer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', dataKey, iv);
  return Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag(), iv]).toString('base64');
}

/** Opens a classic value as an existing deployment does. */
export function referenceOpenClassic(dataKey: Buffer, value: string): Buffer {
  const bytes = Buffer.from(value, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', dataKey, bytes.subarray(-12));
  decipher.setAuthTag(bytes.subarray(-28, -12));
  return Buffer.concat([decipher.update(bytes.subarray(0, -28)), decipher.final()]);
}

/** Seals a bound value. */
export function referenceSealBound(dataKey: Buffer, id: number, userId: string, key: Buffer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', userKey(dataKey, userId), iv);
  cipher.setAAD(associatedData(id, userId));
  const sealed = Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  return `kc2.${id}.${sealed.toString('base64url')}`;
}

/** Opens a bound value. */
export function referenceOpenBound(dataKey: Buffer, userId: string, value: string): Buffer {
  const [, id = '', payload = ''] = value.split('.');
  const bytes = Buffer.from(payload, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', userKey(dataKey, userId), bytes.subarray(0, 12));
  decipher.setAAD(associatedData(Number(id), userId));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
}

const rawUserId = (userId: string): Buffer => Buffer.from(userId.replaceAll('-', ''), 'hex');

/** HKDF (RFC 5869) with one round of expansion, since 32 bytes are wanted and SHA-256 gives 32. */
function userKey(dataKey: Buffer, userId: string): Buffer {
  const pseudoRandomKey = createHmac('sha256', rawUserId(userId)).update(dataKey).digest();
  return createHmac('sha256', pseudoRandomKey).update('key-connector user-key v2').update(Buffer.of(1)).digest();
}

function associatedData(id: number, userId: string): Buffer {
  const header = Buffer.from(`key-connector user-key v2\0${id.toString(16).padStart(8, '0')}`);
  const text = header.subarray(0, -8);
  return Buffer.concat([text, Buffer.from(header.subarray(-8).toString(), 'hex'), rawUserId(userId)]);
}
