import pkcs11js from 'pkcs11js';
import type { FoundKey, HashName, TokenSettings } from '../token.protocol.ts';
import { decryptOaep } from './decrypt-oaep.ts';
import { findToken } from './find-token.ts';
import { type Cryptoki, loadLibrary } from './library.ts';
import { logIn } from './login.ts';
import { Objects } from './objects.ts';
import { findAgain, findPrivateKey, type PrivateKey } from './private-key.ts';
import { findPublicKey } from './public-key.ts';
import { type KeySession, SessionPool } from './session-pool.ts';
import { codeOf, TokenFailure } from './token-failure.ts';

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

/** Loads the module, logs in once and finds the key; throws TokenFailure. */
export function openToken(settings: TokenSettings): OpenToken {
  const cryptoki = loadLibrary(settings);
  try {
    return open(cryptoki, settings);
  } catch (error) {
    if (error instanceof TokenFailure) throw error;
    throw new TokenFailure('lost', `the PKCS#11 module ${settings.library} failed: ${codeOf(error).name}`);
  }
}

function open(cryptoki: Cryptoki, settings: TokenSettings): OpenToken {
  const token = findToken(cryptoki, settings);
  const so = settings.loginAs === 'so';
  const flags = pkcs11js.CKF_SERIAL_SESSION | (so ? pkcs11js.CKF_RW_SESSION : 0);
  // The last session to be closed would log everybody out: this one stays.
  const home = cryptoki.C_OpenSession(token.slot, flags);
  logIn(cryptoki, home, token, settings);
  const objects = new Objects(cryptoki, home);
  const key = findPrivateKey(objects, settings);
  const pool = new SessionPool(
    maxSessions,
    () => openKeySession(cryptoki, cryptoki.C_OpenSession(token.slot, flags), key),
    ({ session }) => {
      closeSession(cryptoki, session);
    },
  );
  const pin = settings.loginAs === 'context_specific' || key.alwaysAuthenticate ? settings.pin : undefined;
  return {
    key: {
      tokenLabel: token.label,
      serialNumber: token.serialNumber,
      label: key.label,
      id: key.id,
      publicKey: findPublicKey(objects, key),
    },
    decrypt: (hash, ciphertext) => pool.use((session) => decryptOaep(cryptoki, session, { hash, ciphertext, pin })),
    close: () => {
      cryptoki.C_Finalize();
    },
  };
}

function openKeySession(cryptoki: Cryptoki, session: pkcs11js.Handle, key: PrivateKey): KeySession {
  return { session, key: findAgain(new Objects(cryptoki, session), key) };
}

function closeSession(cryptoki: Cryptoki, session: pkcs11js.Handle): void {
  try {
    cryptoki.C_CloseSession(session);
  } catch {
    // It is gone already.
  }
}
