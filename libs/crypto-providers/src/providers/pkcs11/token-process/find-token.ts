import graphene from 'graphene-pk11';
import { TokenError, type TokenOrder } from '../token-protocol.ts';

/** A token, and the slot that it is in. */
export interface TokenInSlot {
  readonly slot: graphene.Slot;
  readonly token: graphene.Token;
}

/** Finds the token by its serial number; without one, the module must have exactly one token that is set up. */
export function findToken(module: graphene.Module, { serialNumber, pin }: TokenOrder): TokenInSlot {
  const all = [...module.getSlots(true)].map((slot) => ({ slot, token: slot.getToken() }));
  // SoftHSM keeps an empty slot for the next token; NSS has one for its public operations, where nobody logs in.
  const usable = all.filter(
    ({ token }) =>
      has(token, graphene.TokenFlag.TOKEN_INITIALIZED) &&
      (pin === undefined || has(token, graphene.TokenFlag.LOGIN_REQUIRED)),
  );
  if (usable.length === 0) throw new TokenError('lost', 'the PKCS#11 module has no token that is ready for use');
  const [found, ...others] = usable.filter(
    ({ token }) => serialNumber === undefined || token.serialNumber === serialNumber,
  );
  if (found === undefined)
    throw new TokenError(
      'setup',
      `there is no token with the serial number ${serialNumber ?? ''} (rsaKey__pkcs11SlotTokenSerialNumber); ` +
        `there are ${listed(usable)}`,
    );
  if (others.length === 0) return found;
  throw new TokenError(
    'setup',
    serialNumber === undefined
      ? `there are several tokens; set rsaKey__pkcs11SlotTokenSerialNumber to one of ${listed(usable)}`
      : `there are several tokens with the serial number ${serialNumber}`,
  );
}

/** Whether one of the token's flags is set. */
export function has({ flags }: graphene.Token, flag: graphene.TokenFlag): boolean {
  return (flags & flag) !== 0;
}

function listed(tokens: readonly TokenInSlot[]): string {
  return tokens.map(({ token }) => `${token.serialNumber} ("${token.label}")`).join(', ');
}
