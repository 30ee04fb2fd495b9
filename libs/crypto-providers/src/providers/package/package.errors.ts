import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import type { DeclaredErrorCode } from '../../contract/key-provider-module.js';

/** The package cannot be used; the message ends the sentence `rsaKey__provider: …` and holds no value of a setting. */
export class ModuleUnusable extends Error {}

/** A package does not keep to the contract; the message says what and where. */
export class PackageFault extends KeyProviderMisconfigured {
  constructor(name: string, what: string) {
    super(`The key provider package ${name} ${what}. That is for its author to mend.`);
  }
}

/**
 * Names an error that nobody declared without its message, which may hold a secret: its class and where it was thrown.
 */
export function classAndPlace(error: unknown): string {
  if (!isError(error)) return `something that is no Error: ${typeof error}`;
  const { name } = error.constructor;
  const place = placeOf(error);
  return `${/^\w{1,64}$/.test(name) ? name : 'Error'}${place === undefined ? '' : ` at ${place}`}`;
}

/** The message comes first in a stack, and may look like a place itself. */
function placeOf({ stack = '', message }: Error): string | undefined {
  const frames = stack.slice(stack.indexOf(message) + message.length);
  return /^\s+at .*?((?:file:\/\/|\/)[^\s()]+:\d+:\d+)\)?$/m.exec(frames)?.[1];
}

/** Whether something that a package threw is an error, of whatever realm or base class. */
export const isError = (thrown: unknown): thrown is Error & { readonly code?: unknown } =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string';

/** What a package's error is to the service; by code alone, because the classes are not shared. */
const declared: Readonly<Record<DeclaredErrorCode, (message: string) => Error>> = {
  KEY_PROVIDER_UNAVAILABLE: (message) => new KeyProviderUnavailable(message),
  KEY_PROVIDER_MISCONFIGURED: (message) => new KeyProviderMisconfigured(message),
  DATA_KEY_UNREADABLE: () => new UnwrapFailed(),
};

const isDeclared = (code: unknown): code is DeclaredErrorCode =>
  typeof code === 'string' && Object.hasOwn(declared, code);

/**
 * The service's error for what a package threw in `operation`. What it did not declare is its fault, which ends a
 * start: trying again could lock a token whose PIN is wrong.
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
