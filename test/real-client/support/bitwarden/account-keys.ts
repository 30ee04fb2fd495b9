import { z } from 'zod';

const publicKeyEncryptionKeyPair = z.object({
  wrappedPrivateKey: z.string(),
  publicKey: z.string(),
  signedPublicKey: z.string().nullish(),
});

/**
 * The key pairs of an account as clients send and read them; with a signature key pair it is an account of version 2.
 */
export const accountKeysSchema = z.object({
  publicKeyEncryptionKeyPair,
  signatureKeyPair: z.looseObject({ wrappedSigningKey: z.string(), verifyingKey: z.string() }).nullish(),
  securityState: z.looseObject({ securityState: z.string(), securityVersion: z.number() }).nullish(),
});

/** See {@link accountKeysSchema}. */
export type AccountKeys = z.infer<typeof accountKeysSchema>;

/** The keys of an account of version 1: an RSA pair, nothing signed. */
export function accountKeysV1(wrappedPrivateKey: string, publicKey: string): AccountKeys {
  return {
    publicKeyEncryptionKeyPair: { wrappedPrivateKey, publicKey, signedPublicKey: null },
    signatureKeyPair: null,
    securityState: null,
  };
}
