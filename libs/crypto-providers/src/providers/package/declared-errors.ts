import { isError } from './is-error.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import type { DeclaredErrorCode } from '../../contract/key-provider-module.js';
import { classAndPlace, PackageFault } from './package-fault.js';

/** What a package's error is to the service; by code alone, because the classes are not shared. */
const declared: Readonly<Record<DeclaredErrorCode, (message: string) => Error>> = {
  KEY_PROVIDER_UNAVAILABLE: (message) => new KeyProviderUnavailable(message),
  KEY_PROVIDER_MISCONFIGURED: (message) => new KeyProviderMisconfigured(message),
  DATA_KEY_UNREADABLE: () => new UnwrapFailed(),
};

const isDeclared = (code: unknown): code is DeclaredErrorCode =>
  typeof code === 'string' && Object.hasOwn(declared, code);

/**
 * The service's error for what a package threw in `operation`. What it did not declare is its fault, which ends a start:
 * trying again could lock a token whose PIN is wrong.
 */
export function translated(name: string, operation: string, error: unknown): Error {
  if (error instanceof PackageFault) return error;
  if (isError(error) && isDeclared(error.code)) {
    return declared[error.code](`${error.message} (${name})`);
  }
  return new PackageFault(
    name,
    `failed in ${operation} with an error that it does not declare (${classAndPlace(error)})`,
  );
}
