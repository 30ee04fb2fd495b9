import { isDeepStrictEqual } from 'node:util';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';
import { type LaunchOptions, type Pkcs11TokenSettings, TokenProcess } from './token-process.client.js';
import { type FoundKey, type HashName, TokenError } from './token-protocol.js';

interface Opened {
  readonly tokenProcess: TokenProcess;
  readonly key: FoundKey;
}

/**
 * The token with the private key. Whatever it can lose (a session, the login, handles, the module itself) comes back in
 * one way: a new process loads the module, logs in and finds the key. Each call tries that once. A PIN that was refused
 * is never tried again.
 */
export class Pkcs11Token {
  readonly #settings: Pkcs11TokenSettings;
  readonly #options: LaunchOptions;
  #opened: Promise<Opened> | undefined;
  #first: FoundKey | undefined;
  #refusal: KeyProviderMisconfigured | undefined;
  #known: { readonly hash: HashName; readonly ciphertext: Uint8Array } | undefined;

  constructor(settings: Pkcs11TokenSettings, options: LaunchOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  /** Opens the token unless it is open, and says which key was found. */
  async find(): Promise<FoundKey> {
    return (await this.#open()).key;
  }

  /**
   * Tries a ciphertext that ought to open. One that does is remembered: later it tells a bad ciphertext from a broken
   * device where the module does not. For one that does not, the answer is the reason.
   */
  async prove(hash: HashName, ciphertext: Uint8Array): Promise<Uint8Array | TokenError> {
    const opening = this.#open();
    const { tokenProcess } = await opening;
    try {
      const plain = await tokenProcess.decrypt(hash, ciphertext);
      this.#known = { hash, ciphertext };
      return plain;
    } catch (error) {
      if (isRefusal(error) || isUnclear(error)) return error;
      throw error instanceof TokenError ? this.#lose(error, opening, tokenProcess, unavailable) : error;
    }
  }

  /** Ends the process of the module, which logs out first: tokens have few sessions, and keep lost ones for a while. */
  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    await opened?.tokenProcess.end();
  }

  /** Decrypts; the caller wipes the result. Throws UnwrapFailed, KeyProviderUnavailable or KeyProviderMisconfigured. */
  async decrypt(hash: HashName, ciphertext: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#tryOnce(hash, ciphertext);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      // Whoever waits has waited long enough.
      if (error.kind === 'silent') throw unavailable(error);
    }
    try {
      return await this.#tryOnce(hash, ciphertext);
    } catch (error) {
      throw error instanceof TokenError ? unavailable(error) : error;
    }
  }

  /** Throws a TokenError when another try, in a new process, may help. */
  async #tryOnce(hash: HashName, ciphertext: Uint8Array): Promise<Uint8Array> {
    const opening = this.#open();
    const { tokenProcess } = await opening;
    try {
      return await this.#decryptThrough(tokenProcess, hash, ciphertext);
    } catch (error) {
      throw error instanceof TokenError ? this.#lose(error, opening, tokenProcess, (same) => same) : error;
    }
  }

  /** Throws UnwrapFailed when it is the ciphertext's fault. */
  async #decryptThrough(tokenProcess: TokenProcess, hash: HashName, ciphertext: Uint8Array): Promise<Uint8Array> {
    try {
      return await tokenProcess.decrypt(hash, ciphertext);
    } catch (error) {
      if (isRefusal(error)) throw new UnwrapFailed();
      if (!isUnclear(error) || !(await this.#works(tokenProcess))) throw error;
    }
    try {
      return await tokenProcess.decrypt(hash, ciphertext);
    } catch (error) {
      throw isRefusal(error) || isUnclear(error) ? new UnwrapFailed() : error;
    }
  }

  async #works(tokenProcess: TokenProcess): Promise<boolean> {
    if (this.#known === undefined) return false;
    const { hash, ciphertext } = this.#known;
    return tokenProcess.decrypt(hash, ciphertext).then(
      (plain) => {
        plain.fill(0);
        return true;
      },
      () => false,
    );
  }

  #open(): Promise<Opened> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return (this.#opened ??= this.#launch());
  }

  async #launch(): Promise<Opened> {
    const tokenProcess = new TokenProcess(this.#options);
    try {
      const key = await tokenProcess.open(this.#settings);
      this.#first ??= key;
      if (!isDeepStrictEqual(key.publicKey, this.#first.publicKey)) throw new KeyProviderMisconfigured(anotherKey);
      return { tokenProcess, key };
    } catch (error) {
      tokenProcess.kill();
      this.#opened = undefined;
      throw error instanceof TokenError ? this.#explain(error) : error;
    }
  }

  /** A new process from here on, unless another caller has seen to it already; gives the error to throw. */
  #lose(
    error: TokenError,
    opened: Promise<Opened>,
    tokenProcess: TokenProcess,
    otherwise: (error: TokenError) => Error,
  ): Error {
    if (this.#opened === opened) this.#opened = undefined;
    tokenProcess.kill();
    if (error.kind === 'login') return this.#remember(error);
    return error.kind === 'setup' ? misconfigured(error) : otherwise(error);
  }

  /** What was there before is expected back; what has never been there is for an operator. */
  #explain(error: TokenError): Error {
    if (error.kind === 'login') return this.#remember(error);
    return error.kind === 'setup' && this.#first === undefined ? misconfigured(error) : unavailable(error);
  }

  #remember(error: TokenError): KeyProviderMisconfigured {
    return (this.#refusal = misconfigured(error));
  }
}

const anotherKey = 'The token has another private key under this name than it had at the start; restart the service.';

const isRefusal = (error: unknown): error is TokenError => error instanceof TokenError && error.kind === 'refused';
const isUnclear = (error: unknown): error is TokenError => error instanceof TokenError && error.kind === 'unclear';
const sentence = ({ message }: TokenError): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
const unavailable = (error: TokenError): Error => new KeyProviderUnavailable(sentence(error));
const misconfigured = (error: TokenError): KeyProviderMisconfigured => new KeyProviderMisconfigured(sentence(error));
