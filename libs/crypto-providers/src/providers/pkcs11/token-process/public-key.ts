import graphene from 'graphene-pk11';
import type { TokenPublicKey } from '../token-protocol.ts';
import { bytesOf } from './attributes.ts';
import type { NamedKey } from './private-key.ts';

/**
 * The token's own public half of a private key: its numbers stand in the private key itself, in a public key or in a
 * certificate of the same id (of the same label, where there is no id).
 */
export function findPublicKey(session: graphene.Session, { object, label, id }: NamedKey): TokenPublicKey | undefined {
  const companion = (type: graphene.ObjectClass): graphene.SessionObject | undefined => {
    const [found] = session.find({ class: type, ...(id.length > 0 ? { id } : { label }) });
    return found;
  };
  return (
    numbersOf(object) ??
    numbersOf(companion(graphene.ObjectClass.PUBLIC_KEY)) ??
    certificateOf(companion(graphene.ObjectClass.CERTIFICATE))
  );
}

function numbersOf(object: graphene.SessionObject | undefined): TokenPublicKey | undefined {
  const modulus = object && bytesOf(object, 'modulus');
  const publicExponent = object && bytesOf(object, 'publicExponent');
  return modulus && publicExponent && { modulus, publicExponent };
}

function certificateOf(object: graphene.SessionObject | undefined): TokenPublicKey | undefined {
  const certificate = object && bytesOf(object, 'value');
  return certificate && { certificate };
}
