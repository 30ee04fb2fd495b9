import { hkdfSync } from 'node:crypto';
import type { DataKey } from '../values/data-key.js';

const context = Buffer.from('key-connector data-key check v1\0', 'utf8');

/**
 * What a manifest knows a data key by: base64url of HKDF-SHA-256 (RFC 5869) over the data key, 32 bytes, no salt. Id
 * and ring go into it, so another ring cannot vouch for a data key that it does not know.
 */
export function dataKeyCheck({ id, secret }: DataKey, ring: string): string {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(id);
  const info = Buffer.concat([context, number, Buffer.from(ring.slice('sha256:'.length), 'hex')]);
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), info, 32)).toString('base64url');
}
