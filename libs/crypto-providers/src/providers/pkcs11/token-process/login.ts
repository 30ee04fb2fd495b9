import pkcs11js from 'pkcs11js';
import type { TokenSettings } from '../token.protocol.ts';
import { has, type TokenInSlot } from './find-token.ts';
import type { Cryptoki } from './library.ts';
import { codeOf, isCode, TokenFailure } from './token-failure.ts';

/**
 * Logs in, once; every session of this process shares it. A token that would lock at the next wrong PIN is left alone:
 * one start after the other would otherwise use up its tries.
 */
export function logIn(
  cryptoki: Cryptoki,
  session: pkcs11js.Handle,
  token: TokenInSlot,
  { loginAs, pin }: TokenSettings,
): void {
  if (pin === undefined && !has(token.flags, pkcs11js.CKF_LOGIN_REQUIRED)) return;
  if (pin === undefined && !has(token.flags, pkcs11js.CKF_PROTECTED_AUTHENTICATION_PATH))
    throw new TokenFailure('setup', `${named(token)} asks for a PIN; set rsaKey__pkcs11LoginPin`);
  const so = loginAs === 'so';
  requireTriesLeft(token, so);
  try {
    cryptoki.C_Login(session, so ? pkcs11js.CKU_SO : pkcs11js.CKU_USER, pin);
  } catch (error) {
    if (isCode(error, pkcs11js.CKR_USER_ALREADY_LOGGED_IN)) return;
    const { name, kind } = codeOf(error);
    throw new TokenFailure(
      kind === 'login' ? 'login' : 'lost',
      kind === 'login'
        ? `${named(token)} does not accept the PIN in rsaKey__pkcs11LoginPin: ${name}. It was tried once`
        : `${named(token)} does not let us log in: ${name}`,
    );
  }
}

function requireTriesLeft(token: TokenInSlot, so: boolean): void {
  const [locked, finalTry] = so
    ? [pkcs11js.CKF_SO_PIN_LOCKED, pkcs11js.CKF_SO_PIN_FINAL_TRY]
    : [pkcs11js.CKF_USER_PIN_LOCKED, pkcs11js.CKF_USER_PIN_FINAL_TRY];
  if (has(token.flags, locked)) throw new TokenFailure('login', `the PIN of ${named(token)} is locked`);
  if (has(token.flags, finalTry))
    throw new TokenFailure(
      'login',
      `${named(token)} would lock at the next wrong PIN, so none was tried; ` +
        'log in once by hand with the right one ("pkcs11-tool --login"), and check rsaKey__pkcs11LoginPin',
    );
}

const named = ({ label, serialNumber }: TokenInSlot): string => `the token "${label}" (serial number ${serialNumber})`;
