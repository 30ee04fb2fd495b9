import { createHash, generateKeyPairSync } from 'node:crypto';

/** A throwaway RSA key. */
export interface ThrowawayKey {
  /** PKCS#8 in PEM. */
  readonly pem: string;
  readonly publicPem: string;
  /** The id that a key-encryption key with it must have. */
  readonly id: string;
}

export function throwawayKey(bits = 2048): ThrowawayKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return {
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    id: `sha256:${createHash('sha256').update(spki).digest('hex')}`,
  };
}
