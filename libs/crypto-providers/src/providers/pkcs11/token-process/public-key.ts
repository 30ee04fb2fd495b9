import pkcs11js from 'pkcs11js';
import type { TokenPublicKey } from '../token.protocol.ts';
import type { Objects } from './objects.ts';
import type { PrivateKey } from './private-key.ts';

/**
 * The token's own public half of a private key: its numbers stand in the private key itself, in a public key or in a
 * certificate of the same id (of the same label, where there is no id).
 */
export function findPublicKey(objects: Objects, key: PrivateKey): TokenPublicKey | undefined {
  const companion = (type: number): pkcs11js.Handle | undefined =>
    objects.find([
      { type: pkcs11js.CKA_CLASS, value: type },
      key.id.length > 0 ? { type: pkcs11js.CKA_ID, value: key.id } : { type: pkcs11js.CKA_LABEL, value: key.label },
    ])[0];
  return (
    numbersOf(objects, key.handle) ??
    numbersOf(objects, companion(pkcs11js.CKO_PUBLIC_KEY)) ??
    certificateOf(objects, companion(pkcs11js.CKO_CERTIFICATE))
  );
}

function numbersOf(objects: Objects, handle: pkcs11js.Handle | undefined): TokenPublicKey | undefined {
  if (handle === undefined) return undefined;
  const modulus = objects.bytes(handle, pkcs11js.CKA_MODULUS);
  const publicExponent = objects.bytes(handle, pkcs11js.CKA_PUBLIC_EXPONENT);
  return modulus && publicExponent && { modulus, publicExponent };
}

function certificateOf(objects: Objects, handle: pkcs11js.Handle | undefined): TokenPublicKey | undefined {
  const certificate = handle && objects.bytes(handle, pkcs11js.CKA_VALUE);
  return certificate && { certificate };
}
