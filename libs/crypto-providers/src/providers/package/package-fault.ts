import { isError } from './is-error.js';
import { KeyProviderMisconfigured } from '../../contract/key-provider.errors.js';

/** A package does not keep to the contract; the message says what and where. */
export class PackageFault extends KeyProviderMisconfigured {
  constructor(name: string, what: string) {
    super(`The key provider package ${name} ${what}. That is for its author to mend.`);
  }
}

/** Names an error that nobody declared without its message, which may hold a secret: its class and where it was thrown. */
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
