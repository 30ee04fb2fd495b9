import type { DataKey } from './data-key.js';
import { OpeningFailure } from './opening-failure.js';
import { decrypt, encrypt, ivLength, tagLength } from './aes-gcm.js';
import { decodeCanonical } from './canonical-base64.js';

/**
 * The layout of existing deployments: base64( ciphertext ‖ tag ‖ IV ), AES-256-GCM under the data key itself.
 *
 * Nothing ties a value to its user, so a value that is moved to another row opens there. That is why the bound layout
 * is there.
 */
export function sealClassic({ secret }: DataKey, key: Uint8Array): string {
  const { iv, ciphertext, tag } = encrypt(secret, key);
  return Buffer.concat([ciphertext, tag, iv]).toString('base64');
}

/** Opens a classic value; an OpeningFailure says why not. */
export function openClassic({ secret }: DataKey, value: string): Buffer {
  const bytes = decodeCanonical(value, 'base64');
  const ivAt = bytes.length - ivLength;
  const tagAt = ivAt - tagLength;
  if (tagAt < 1) throw new OpeningFailure('malformed');
  return decrypt(secret, {
    ciphertext: bytes.subarray(0, tagAt),
    tag: bytes.subarray(tagAt, ivAt),
    iv: bytes.subarray(ivAt),
  });
}
