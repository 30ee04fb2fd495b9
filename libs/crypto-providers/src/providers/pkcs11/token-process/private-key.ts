import pkcs11js from 'pkcs11js';
import type { TokenSettings } from '../token.protocol.ts';
import { idStandsFor } from './key-id.ts';
import type { Objects } from './objects.ts';
import { TokenFailure } from './token-failure.ts';

/** The private key that the settings name. */
export interface PrivateKey {
  readonly handle: pkcs11js.Handle;
  readonly label: string;
  /** CKA_ID. */
  readonly id: Buffer;
  /** The key wants a login of its own for each use (CKA_ALWAYS_AUTHENTICATE). */
  readonly alwaysAuthenticate: boolean;
}

const isPrivateKey = { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY };

/** Finds the one private key with the label, the id or both; it must be RSA and may decrypt. */
export function findPrivateKey(objects: Objects, { keyLabel, keyId }: TokenSettings): PrivateKey {
  const all = objects.find([isPrivateKey]).map((handle) => describe(objects, handle));
  const [found, ...others] = all.filter(
    ({ label, id }) =>
      (keyLabel === undefined || label === keyLabel) && (keyId === undefined || idStandsFor(id, keyId)),
  );
  const wanted = [
    ...(keyLabel === undefined ? [] : [`the label "${keyLabel}" (rsaKey__pkcs11PrivateKeyLabel)`]),
    ...(keyId === undefined ? [] : [`the id ${keyId} (rsaKey__pkcs11PrivateKeyId)`]),
  ].join(' and ');
  if (found === undefined)
    throw new TokenFailure('setup', `the token shows no private key with ${wanted}; it shows ${listed(all)}`);
  if (others.length > 0)
    throw new TokenFailure('setup', `the token has several private keys with ${wanted}: ${listed([found, ...others])}`);
  requireUsable(objects, found);
  return found;
}

/** Finds the same key again in another session: a handle may die with the session that found it. */
export function findAgain(objects: Objects, { label, id }: PrivateKey): pkcs11js.Handle {
  const [handle] = objects.find([
    isPrivateKey,
    ...(label === '' ? [] : [{ type: pkcs11js.CKA_LABEL, value: label }]),
    ...(id.length === 0 ? [] : [{ type: pkcs11js.CKA_ID, value: id }]),
  ]);
  if (handle === undefined) throw new TokenFailure('lost', `the private key "${label}" is not in the token any more`);
  return handle;
}

function describe(objects: Objects, handle: pkcs11js.Handle): PrivateKey {
  return {
    handle,
    label: objects.text(handle, pkcs11js.CKA_LABEL),
    id: objects.bytes(handle, pkcs11js.CKA_ID) ?? Buffer.alloc(0),
    alwaysAuthenticate: objects.flag(handle, pkcs11js.CKA_ALWAYS_AUTHENTICATE) ?? false,
  };
}

function requireUsable(objects: Objects, { handle, label }: PrivateKey): void {
  const type = objects.number(handle, pkcs11js.CKA_KEY_TYPE);
  if (type !== undefined && type !== pkcs11js.CKK_RSA)
    throw new TokenFailure('setup', `the private key "${label}" is not an RSA key`);
  if (objects.flag(handle, pkcs11js.CKA_DECRYPT) === false)
    throw new TokenFailure('setup', `the private key "${label}" may not decrypt: its attribute CKA_DECRYPT is false`);
}

function listed(keys: readonly PrivateKey[]): string {
  if (keys.length === 0) return 'none';
  return keys
    .map(({ label, id }) => `"${label}" (id ${id.length === 0 ? 'none' : `0x${id.toString('hex')}`})`)
    .join(', ');
}
