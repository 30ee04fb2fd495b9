import type { ErrorCode } from './error-codes.js';

/**
 * Everything this product throws on purpose.
 *
 * The message says what is wrong, where, and what to do, and never holds key material, a token or a password.
 */
export abstract class KeyConnectorError extends Error {
  abstract readonly code: ErrorCode;

  /** Headers that the answer has beside those of every refusal, such as `{ allow: 'GET' }`; names in lower case. */
  get headers(): Readonly<Record<string, string>> {
    return {};
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A dependency that is expected back: callers get 503 with Retry-After, and boot tries again. */
export abstract class UnavailableError extends KeyConnectorError {
  /** Seconds after which it is worth trying again. */
  readonly retryAfterSeconds: number = 1;

  override get headers(): Readonly<Record<string, string>> {
    return { 'retry-after': String(this.retryAfterSeconds) };
  }
}
