import graphene from 'graphene-pk11';
import pkcs11js from 'pkcs11js';
import { TokenError, type TokenOrder } from '../token-protocol.ts';
import { has } from './find-token.ts';
import { codeOf, isCode } from './module-code.ts';

const { TokenFlag, UserType } = graphene;

/**
 * Logs in, once; every session of this process shares it. A token that would lock at the next wrong PIN is left alone:
 * one start after the other would otherwise use up its tries.
 */
export function logIn(session: graphene.Session, token: graphene.Token, { loginAs, pin }: TokenOrder): void {
  if (pin === undefined && !has(token, TokenFlag.LOGIN_REQUIRED)) return;
  if (pin === undefined && !has(token, TokenFlag.PROTECTED_AUTHENTICATION_PATH))
    throw new TokenError('setup', `${named(token)} asks for a PIN; set rsaKey__pkcs11LoginPin`);
  const so = loginAs === 'so';
  requireTriesLeft(token, so);
  try {
    logInAs(session, so ? UserType.SO : UserType.USER, pin);
  } catch (error) {
    if (isCode(error, pkcs11js.CKR_USER_ALREADY_LOGGED_IN)) return;
    const { name, kind } = codeOf(error);
    throw new TokenError(
      kind === 'login' ? 'login' : 'lost',
      kind === 'login'
        ? `${named(token)} does not accept the PIN in rsaKey__pkcs11LoginPin: ${name}. It was tried once`
        : `${named(token)} does not let us log in: ${name}`,
    );
  }
}

/** Logs in again, for the operation that was just begun; a key that does not want it after all is content. */
export function logInForThisUse(session: graphene.Session, pin: string): void {
  try {
    session.login(pin, UserType.CONTEXT_SPECIFIC);
  } catch (error) {
    if (isCode(error, pkcs11js.CKR_OPERATION_NOT_INITIALIZED)) return;
    if (isCode(error, pkcs11js.CKR_USER_ALREADY_LOGGED_IN)) return;
    throw error;
  }
}

function logInAs(session: graphene.Session, user: graphene.UserType, pin: string | undefined): void {
  if (pin !== undefined) session.login(pin, user);
  // The PIN is typed in at the token (CKF_PROTECTED_AUTHENTICATION_PATH): graphene's `login` cannot leave it out.
  else session.lib.C_Login(session.handle, user);
}

function requireTriesLeft(token: graphene.Token, so: boolean): void {
  const [locked, finalTry] = so
    ? [TokenFlag.SO_PIN_LOCKED, TokenFlag.SO_PIN_FINAL_TRY]
    : [TokenFlag.USER_PIN_LOCKED, TokenFlag.USER_PIN_FINAL_TRY];
  if (has(token, locked)) throw new TokenError('login', `the PIN of ${named(token)} is locked`);
  if (has(token, finalTry))
    throw new TokenError(
      'login',
      `${named(token)} would lock at the next wrong PIN, so none was tried; ` +
        'log in once by hand with the right one ("pkcs11-tool --login"), and check rsaKey__pkcs11LoginPin',
    );
}

const named = ({ label, serialNumber }: graphene.Token): string =>
  `the token "${label}" (serial number ${serialNumber})`;
