import { existsSync } from 'node:fs';
import pkcs11js from 'pkcs11js';
import type { TokenSettings } from '../token.protocol.ts';
import { codeOf, TokenFailure } from './token-failure.ts';

/** A loaded PKCS#11 module. */
export type Cryptoki = pkcs11js.PKCS11;

/**
 * Loads the module and initialises it. It is told to lock by the system's means (CKF_OS_LOCKING_OK), because the calls
 * that decrypt run on several threads.
 */
export function loadLibrary({ library, libraryParameters }: TokenSettings): Cryptoki {
  if (!existsSync(library)) throw new TokenFailure('setup', `the PKCS#11 module ${library} does not exist`);
  const cryptoki = new pkcs11js.PKCS11();
  try {
    cryptoki.load(library);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TokenFailure('setup', `the PKCS#11 module ${library} cannot be loaded: ${reason}`);
  }
  initialize(cryptoki, library, libraryParameters);
  return cryptoki;
}

function initialize(cryptoki: Cryptoki, library: string, parameters: string | undefined): void {
  const flags = pkcs11js.CKF_OS_LOCKING_OK;
  try {
    // pkcs11js 2.1 cuts the last character of the parameters off.
    cryptoki.C_Initialize(parameters === undefined ? { flags } : { flags, libraryParameters: `${parameters} ` });
  } catch (error) {
    throw new TokenFailure('lost', `the PKCS#11 module ${library} does not start: ${codeOf(error).name}`);
  }
}
