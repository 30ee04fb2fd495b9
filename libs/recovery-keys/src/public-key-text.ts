import { createPublicKey, type KeyObject } from 'node:crypto';
import type { RecoveryKey } from './recovery-key.js';
import { RecoveryKeyUnusable } from './recovery-keys.errors.js';
import { rsaRecoveryKey } from './rsa-recovery-key.js';
import { xWingLengths } from './x-wing.js';
import { xWingRecoveryKey } from './x-wing-recovery-key.js';

const howTo = 'Give the public half of an RSA key (openssl pkey -in recovery.pem -pubout), or a public key made here.';

/**
 * The recovery key with this public key: PEM (`BEGIN PUBLIC KEY`, of RSA), or base64 as `RecoveryKey.publicKey` and the
 * ring's manifest have it. Throws RecoveryKeyUnusable, which says what it is instead.
 */
export function recoveryKeyOf(text: string): RecoveryKey {
  const trimmed = text.trim();
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(trimmed))
    throw new RecoveryKeyUnusable(
      `This is a private key, which has to stay offline: nothing of it was kept, but whoever saw it here has it. ${howTo}`,
    );
  if (/^-----BEGIN (RSA )?PUBLIC KEY-----/.test(trimmed))
    return rsaRecoveryKey(publicKeyOf(() => createPublicKey(trimmed)));
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== trimmed)
    throw new RecoveryKeyUnusable(`This is neither a public key in PEM nor base64 of one. ${howTo}`);
  return bytes.length === xWingLengths.publicKey
    ? xWingRecoveryKey(bytes)
    : rsaRecoveryKey(publicKeyOf(() => createPublicKey({ key: bytes, format: 'der', type: 'spki' })));
}

function publicKeyOf(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw new RecoveryKeyUnusable(`This public key cannot be read; it may have been cut. ${howTo}`, { cause });
  }
}
