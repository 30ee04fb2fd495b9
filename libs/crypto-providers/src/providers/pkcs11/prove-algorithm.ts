import { randomBytes } from 'node:crypto';
import type { Encrypt } from '../../contract/data-key-wrapper.js';
import { dataKeyLength } from '../../contract/key-encryption-key.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { type JoseOaep, oaepAlgorithms, oaepBySetting, type OaepHashSetting } from '../../contract/rsa-oaep.js';
import type { Pkcs11Token } from './pkcs11-token.js';
import { TokenError } from './token-protocol.js';

/** Best first: policies forbid SHA-1, and many tokens know nothing else. */
const hashes: readonly OaepHashSetting[] = ['sha256', 'sha1'];

interface Wanted {
  readonly keyReference: string;
  /** Whether the token itself says that this is its public half. */
  readonly confirmed: boolean;
  /** `undefined`: the best that works. */
  readonly hash: OaepHashSetting | undefined;
}

/**
 * The algorithm of new wrappings: one that the token was seen to open, after it was encrypted with the public half. So
 * the halves belong together, and the token does what is wanted of it.
 */
export async function proveAlgorithm(
  token: Pkcs11Token,
  encrypt: Readonly<Record<JoseOaep, Encrypt>>,
  { keyReference, confirmed, hash }: Wanted,
): Promise<JoseOaep> {
  let reason: TokenError | undefined;
  for (const one of hash === undefined ? hashes : [hash]) {
    const algorithm = oaepBySetting[one].jose;
    reason = await tryOut(token, encrypt, algorithm);
    if (reason === undefined) return algorithm;
  }
  throw doesNotOpen(keyReference, confirmed, reason);
}

/** `undefined` when the token opens what was encrypted for it; else the reason. */
async function tryOut(
  token: Pkcs11Token,
  encrypt: Readonly<Record<JoseOaep, Encrypt>>,
  algorithm: JoseOaep,
): Promise<TokenError | undefined> {
  const sample = Uint8Array.from(randomBytes(dataKeyLength));
  const opened = await token.prove(oaepAlgorithms.jose[algorithm], await encrypt[algorithm](sample));
  if (opened instanceof TokenError) return opened;
  return Buffer.from(sample).equals(opened)
    ? undefined
    : new TokenError('refused', 'the token decrypts to other bytes');
}

/** With the right public half, and a code that is none of a refusal, the token itself is in trouble. */
function doesNotOpen(keyReference: string, confirmed: boolean, reason: TokenError | undefined): Error {
  const { kind, message = '' } = reason ?? {};
  if (confirmed && kind === 'unclear')
    return new KeyProviderUnavailable(`The private key ${keyReference} cannot be used: ${message}.`);
  const cause = confirmed
    ? 'the token does not do RSA-OAEP with the hash of rsaKey__oaepHash, or not at all'
    : 'the certificate in certificate__* belongs to another key, or the token does not do RSA-OAEP';
  return new KeyProviderMisconfigured(
    `The private key ${keyReference} does not open what its public half has wrapped: ${cause} (${message}).`,
  );
}
