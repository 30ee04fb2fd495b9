import pkcs11js from 'pkcs11js';
import type { TokenSettings } from '../token.protocol.ts';
import type { Cryptoki } from './library.ts';
import { TokenFailure } from './token-failure.ts';

/** A token in its slot. */
export interface TokenInSlot {
  readonly slot: pkcs11js.Handle;
  readonly label: string;
  readonly serialNumber: string;
  /** CKF_* of its CK_TOKEN_INFO. */
  readonly flags: number;
}

/** Finds the token by its serial number; without one, the module must have exactly one token that is set up. */
export function findToken(cryptoki: Cryptoki, { serialNumber, pin }: TokenSettings): TokenInSlot {
  const all = cryptoki.C_GetSlotList(true).map((slot) => tokenIn(cryptoki, slot));
  // SoftHSM keeps an empty slot for the next token; NSS has one for its public operations, where nobody logs in.
  const usable = all.filter(
    ({ flags }) => has(flags, pkcs11js.CKF_TOKEN_INITIALIZED) && (pin === undefined || needsLogin(flags)),
  );
  if (usable.length === 0) throw new TokenFailure('lost', 'the PKCS#11 module has no token that is ready for use');
  const [found, ...others] = usable.filter(
    (token) => serialNumber === undefined || token.serialNumber === serialNumber,
  );
  if (found === undefined)
    throw new TokenFailure(
      'setup',
      `there is no token with the serial number ${serialNumber ?? ''} (rsaKey__pkcs11SlotTokenSerialNumber); ` +
        `there are ${listed(usable)}`,
    );
  if (others.length === 0) return found;
  throw new TokenFailure(
    'setup',
    serialNumber === undefined
      ? `there are several tokens; set rsaKey__pkcs11SlotTokenSerialNumber to one of ${listed(usable)}`
      : `there are several tokens with the serial number ${serialNumber}`,
  );
}

/** Whether one of the token's flags is set. */
export function has(flags: number, flag: number): boolean {
  return (flags & flag) !== 0;
}

const needsLogin = (flags: number): boolean => has(flags, pkcs11js.CKF_LOGIN_REQUIRED);

function tokenIn(cryptoki: Cryptoki, slot: pkcs11js.Handle): TokenInSlot {
  const { label, serialNumber, flags } = cryptoki.C_GetTokenInfo(slot);
  return { slot, label: unpadded(label), serialNumber: unpadded(serialNumber), flags };
}

/** Texts of fixed length are padded with blanks, and by some modules with zeros. */
function unpadded(text: string): string {
  return text.replace(/[\0 ]+$/, '');
}

function listed(tokens: readonly TokenInSlot[]): string {
  return tokens.map(({ label, serialNumber }) => `${serialNumber} ("${label}")`).join(', ');
}
