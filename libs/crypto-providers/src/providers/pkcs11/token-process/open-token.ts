import graphene from 'graphene-pk11';
import { type FoundKey, type HashName, TokenError, type TokenOrder } from '../token-protocol.ts';
import { flagOf } from './attributes.ts';
import { decryptOaep, type KeySession } from './decrypt-oaep.ts';
import { findToken } from './find-token.ts';
import { loadModule } from './load-module.ts';
import { logIn } from './login.ts';
import { codeOf } from './module-code.ts';
import { findAgain, findPrivateKey } from './private-key.ts';
import { findPublicKey } from './public-key.ts';
import { SessionPool } from './session-pool.ts';

/** As many as libuv has threads; tokens such as YubiHSM have sixteen sessions for all their users. */
const maxSessions = 4;

/** A token in which somebody is logged in and the key is found. */
export interface OpenToken {
  readonly key: FoundKey;
  /** Decrypts RSA-OAEP; the caller wipes the result. */
  decrypt(hash: HashName, ciphertext: Uint8Array): Promise<Uint8Array>;
  /** Logs out and lets go of the module. */
  close(): void;
}

/** Loads the module, logs in once and finds the key; throws TokenError. */
export function openToken(order: TokenOrder): OpenToken {
  const module = loadModule(order);
  try {
    return open(module, order);
  } catch (error) {
    if (error instanceof TokenError) throw error;
    throw new TokenError('lost', `the PKCS#11 module ${order.library} failed: ${codeOf(error).name}`);
  }
}

function open(module: graphene.Module, order: TokenOrder): OpenToken {
  const { slot, token } = findToken(module, order);
  const { SERIAL_SESSION, RW_SESSION } = graphene.SessionFlag;
  // A set of flags, which TypeScript takes for any number.
  const flags = (order.loginAs === 'so'
    ? SERIAL_SESSION | RW_SESSION
    : SERIAL_SESSION) as unknown as graphene.SessionFlag;
  // The last session to be closed would log everybody out: this one stays.
  const home = slot.open(flags);
  logIn(home, token, order);
  const key = findPrivateKey(home, order);
  const pool = new SessionPool<KeySession>(
    maxSessions,
    () => {
      const session = slot.open(flags);
      return { session, key: findAgain(session, key) };
    },
    ({ session }) => {
      close(session);
    },
  );
  const authenticatesEachUse = order.loginAs === 'context_specific' || flagOf(key.object, 'alwaysAuth') === true;
  const pin = authenticatesEachUse ? order.pin : undefined;
  return {
    key: {
      tokenLabel: token.label,
      serialNumber: token.serialNumber,
      label: key.label,
      id: key.id,
      publicKey: findPublicKey(home, key),
    },
    decrypt: (hash, ciphertext) => pool.use((session) => decryptOaep(session, { hash, ciphertext, pin })),
    close: () => {
      module.finalize();
    },
  };
}

function close(session: graphene.Session): void {
  try {
    session.close();
  } catch {
    // It is gone already.
  }
}
