import { inspect } from 'node:util';

/**
 * An absolute http(s) URI, whose query may hold a secret, such as a signature or a subscription key.
 *
 * Whatever prints it shows `?***` for query and fragment: JSON, a template, `console.log`. What asks the server takes
 * {@link href}.
 *
 * @example
 * const keys = new Uri('https://id.example/keys?sig=4711');
 * `No answer from ${keys}`; // No answer from https://id.example/keys?***
 * await fetch(keys.href);
 */
export class Uri {
  readonly #href: string;

  constructor(href: string) {
    this.#href = href;
  }

  /** The whole URI, as it was given. */
  get href(): string {
    return this.#href;
  }

  toString(): string {
    return this.#href.replace(/[?#].+$/s, '?***');
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
