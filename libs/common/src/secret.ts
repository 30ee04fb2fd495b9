import { inspect } from 'node:util';

const mask = '***';

/**
 * Text that is never printed: a password, a token, a connection string.
 *
 * Whatever prints it by accident shows `***`: JSON, a template, `console.log`, an error's properties. What needs the
 * text asks for it by {@link reveal}, at the call that takes it and nowhere before.
 *
 * @example
 * const pin = new Secret('1234');
 * `${pin}`; // '***'
 * session.login(pin.reveal());
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Do not keep it: hand it on. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}
