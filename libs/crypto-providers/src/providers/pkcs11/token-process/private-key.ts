import graphene from 'graphene-pk11';
import { TokenError, type TokenOrder } from '../token-protocol.ts';
import { bytesOf, flagOf, numberOf } from './attributes.ts';
import { isIdFor } from './key-id.ts';

/** The private key that the settings name. */
export interface NamedKey {
  /** As one session sees it. */
  readonly object: graphene.SessionObject;
  readonly label: string;
  /** CKA_ID. */
  readonly id: Buffer;
}

const isPrivateKey = { class: graphene.ObjectClass.PRIVATE_KEY };

/** Finds the one private key with the label, the id or both; it must be RSA and may decrypt. */
export function findPrivateKey(session: graphene.Session, { keyLabel, keyId }: TokenOrder): NamedKey {
  const all = [...session.find(isPrivateKey)].map(describe);
  const [found, ...others] = all.filter(
    ({ label, id }) => (keyLabel === undefined || label === keyLabel) && (keyId === undefined || isIdFor(id, keyId)),
  );
  const wanted = [
    ...(keyLabel === undefined ? [] : [`the label "${keyLabel}" (rsaKey__pkcs11PrivateKeyLabel)`]),
    ...(keyId === undefined ? [] : [describeId(keyId)]),
  ].join(' and ');
  if (found === undefined)
    throw new TokenError('setup', `the token shows no private key with ${wanted}; it shows ${listed(all)}`);
  if (others.length > 0)
    throw new TokenError('setup', `the token has several private keys with ${wanted}: ${listed([found, ...others])}`);
  requireUsable(found);
  return found;
}

/** Finds the same key again in another session: an object may die with the session that found it. */
export function findAgain(session: graphene.Session, { label, id }: NamedKey): graphene.PrivateKey {
  const [found] = session.find({
    ...isPrivateKey,
    ...(label !== '' && { label }),
    ...(id.length > 0 && { id }),
  });
  if (found === undefined) throw new TokenError('lost', `the private key "${label}" is not in the token any more`);
  return found.toType<graphene.PrivateKey>();
}

function describe(object: graphene.SessionObject): NamedKey {
  return {
    object,
    label: bytesOf(object, 'label')?.toString('utf8') ?? '',
    id: bytesOf(object, 'id') ?? Buffer.alloc(0),
  };
}

/** What pkcs11-tool shows as 12 is 0x12; whoever copied it without a prefix asked for the number twelve. */
function describeId(id: number | string): string {
  if (typeof id === 'string') return `the id 0x${id} (rsaKey__pkcs11PrivateKeyId)`;
  const bytes = String(id).length % 2 === 0 ? String(id) : `0${id}`;
  return `the id ${id} (rsaKey__pkcs11PrivateKeyId), a number (bytes that a tool shows as ${bytes} are written 0x${bytes})`;
}

function requireUsable({ object, label }: NamedKey): void {
  const type = numberOf(object, 'keyType');
  if (type !== undefined && type !== graphene.KeyType.RSA)
    throw new TokenError('setup', `the private key "${label}" is not an RSA key`);
  if (flagOf(object, 'decrypt') === false)
    throw new TokenError('setup', `the private key "${label}" may not decrypt: its attribute CKA_DECRYPT is false`);
}

function listed(keys: readonly NamedKey[]): string {
  if (keys.length === 0) return 'none';
  return keys
    .map(({ label, id }) => `"${label}" (id ${id.length === 0 ? 'none' : `0x${id.toString('hex')}`})`)
    .join(', ');
}
