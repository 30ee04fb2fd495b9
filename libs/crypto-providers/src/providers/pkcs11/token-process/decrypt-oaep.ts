import pkcs11js from 'pkcs11js';
import type { HashName } from '../token.protocol.ts';
import type { Cryptoki } from './library.ts';
import type { KeySession } from './session-pool.ts';
import { codeOf, isCode, TokenFailure } from './token-failure.ts';

const hashes = {
  'SHA-1': { hashAlg: pkcs11js.CKM_SHA_1, mgf: pkcs11js.CKG_MGF1_SHA1 },
  'SHA-256': { hashAlg: pkcs11js.CKM_SHA256, mgf: pkcs11js.CKG_MGF1_SHA256 },
} as const;

/** CKZ_DATA_SPECIFIED: the label of OAEP is what stands in the parameters, here none. */
const labelGiven = 1;

interface Input {
  readonly hash: HashName;
  readonly ciphertext: Uint8Array;
  /** Given for a key that wants a login for each use. */
  readonly pin: string | undefined;
}

/** Decrypts on libuv's thread pool: sessions that work at the same time do not wait for each other. */
export async function decryptOaep(cryptoki: Cryptoki, { session, key }: KeySession, input: Input): Promise<Buffer> {
  // pkcs11js holds no reference to either buffer while a thread works on them.
  const ciphertext = Buffer.from(input.ciphertext);
  const plain = Buffer.alloc(ciphertext.length);
  try {
    cryptoki.C_DecryptInit(session, oaep(input.hash), key);
    if (input.pin !== undefined) logInForThisUse(cryptoki, session, input.pin);
    return Buffer.from(await cryptoki.C_DecryptAsync(session, ciphertext, plain));
  } catch (error) {
    if (error instanceof TokenFailure) throw error;
    const { kind, name } = codeOf(error);
    throw new TokenFailure(kind, `the token does not decrypt: ${name}`);
  } finally {
    plain.fill(0);
    ciphertext.fill(0);
  }
}

function oaep(hash: HashName): pkcs11js.Mechanism {
  const parameter = { type: pkcs11js.CK_PARAMS_RSA_OAEP, ...hashes[hash], source: labelGiven };
  return { mechanism: pkcs11js.CKM_RSA_PKCS_OAEP, parameter };
}

function logInForThisUse(cryptoki: Cryptoki, session: pkcs11js.Handle, pin: string): void {
  try {
    cryptoki.C_Login(session, pkcs11js.CKU_CONTEXT_SPECIFIC, pin);
  } catch (error) {
    // The key does not want it after all.
    if (isCode(error, pkcs11js.CKR_OPERATION_NOT_INITIALIZED)) return;
    if (isCode(error, pkcs11js.CKR_USER_ALREADY_LOGGED_IN)) return;
    throw error;
  }
}
