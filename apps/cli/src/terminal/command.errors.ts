import type { FailureKind } from './exit-codes.js';

/**
 * A command ends without having done what it was asked, for a reason that is the command's own; what the rooms throw
 * goes through as it is.
 *
 * @example
 * throw new CommandFailed('refused', 'DATA_KEY_IN_USE', 'Data key 3 still seals 7 values: run "data-key reencrypt".');
 */
export class CommandFailed extends Error {
  constructor(
    readonly kind: FailureKind,
    /** Stable, in capitals, for scripts. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Somebody stopped the command. */
export class Interrupted extends CommandFailed {
  /** @param next a sentence: what is done, and how to go on. */
  constructor(next: string) {
    super('interrupted', 'INTERRUPTED', `Stopped. ${next}`);
  }
}
