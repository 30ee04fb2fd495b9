import { existsSync } from 'node:fs';
import graphene from 'graphene-pk11';
import pkcs11js from 'pkcs11js';
import { TokenError, type TokenOrder } from '../token-protocol.ts';
import { codeOf } from './module-code.ts';

/**
 * Loads the module and initialises it. It is told to lock by the system's means (CKF_OS_LOCKING_OK), because the calls
 * that decrypt run on several threads.
 */
export function loadModule({ library, libraryParameters }: TokenOrder): graphene.Module {
  if (!existsSync(library)) throw new TokenError('setup', `the PKCS#11 module ${library} does not exist`);
  const module = load(library);
  const flags = pkcs11js.CKF_OS_LOCKING_OK;
  try {
    // pkcs11js 2.1 cuts the last character of the parameters off.
    module.initialize(
      libraryParameters === undefined ? { flags } : { flags, libraryParameters: `${libraryParameters} ` },
    );
  } catch (error) {
    throw new TokenError('lost', `the PKCS#11 module ${library} does not start: ${codeOf(error).name}`);
  }
  return module;
}

function load(library: string): graphene.Module {
  try {
    return graphene.Module.load(library);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TokenError('setup', `the PKCS#11 module ${library} cannot be loaded: ${reason}`);
  }
}
