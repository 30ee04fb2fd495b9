import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from './key-encryption-key.js';
import { UnwrapFailed } from './key-provider.errors.js';

/** Encrypts a data key with one algorithm. What it is given is a copy, which is wiped afterwards. */
export type Encrypt = (dataKey: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** Which key it is; no secret in any of it. */
export interface KeyFacts<Algorithm extends string> {
  /** As those of `KeyEncryptionKey`: `publicKeyFacts` or `resourceFacts` makes them. */
  readonly id: string;
  readonly publicKey: string | null;
  readonly description: string;
  readonly keyReference: string;
  /** The algorithm of new wrappings. */
  readonly algorithm: Algorithm;
  readonly classicAlgorithm: Algorithm;
}

/** All that a provider does itself. Its errors are those of `key-provider.errors.ts`. */
export interface KeyCalls<Algorithm extends string> {
  /** How each algorithm that new wrappings can have encrypts. */
  readonly encrypt: Readonly<Partial<Record<Algorithm, Encrypt>>>;
  /** The algorithms of wrappings that can be opened, where they are more than those of `encrypt`. */
  readonly opens?: Readonly<Record<Algorithm, unknown>>;
  /**
   * Decrypts a ciphertext, which is not empty, into bytes that nobody else holds. `undefined` and UnwrapFailed mean
   * that it does not open; whether the bytes are a data key is checked here.
   */
  decrypt(ciphertext: Uint8Array, algorithm: Algorithm, keyReference: string): Promise<Uint8Array | undefined>;
  /** Throws KeyProviderMisconfigured where the key may open, but wrap nothing new. */
  requireMayWrap?(): void;
  /** As `KeyEncryptionKey.close`. */
  close?(): Promise<void>;
}

/**
 * The one class that wraps data keys: checks the length of what is wrapped and of what comes out, refuses algorithms
 * that the key does not have, wipes its copies on every way out, and lets every refusal read the same.
 */
export class DataKeyWrapper<Algorithm extends string> extends KeyEncryptionKey {
  override readonly id: string;
  override readonly publicKey: string | null;
  override readonly description: string;
  override readonly keyReference: string;
  override readonly classicAlgorithm: Algorithm;
  readonly #algorithm: Algorithm;
  /** Private to the engine too, so that whoever prints a key prints no client and no credential. */
  readonly #calls: KeyCalls<Algorithm>;

  constructor(facts: KeyFacts<Algorithm>, calls: KeyCalls<Algorithm>) {
    super();
    this.id = facts.id;
    this.publicKey = facts.publicKey;
    this.description = facts.description;
    this.keyReference = facts.keyReference;
    this.classicAlgorithm = facts.classicAlgorithm;
    this.#algorithm = facts.algorithm;
    this.#calls = calls;
  }

  async wrap(dataKey: Uint8Array, algorithm: string = this.#algorithm): Promise<WrappedKey> {
    requireDataKey(dataKey);
    const encrypt = isOneOf(this.#calls.encrypt, algorithm) ? this.#calls.encrypt[algorithm] : undefined;
    if (encrypt === undefined) throw new RangeError(`${this.description} does not wrap with ${algorithm}`);
    this.#calls.requireMayWrap?.();
    const copy = Uint8Array.from(dataKey);
    try {
      return { keyReference: this.keyReference, algorithm, ciphertext: await encrypt(copy) };
    } finally {
      copy.fill(0);
    }
  }

  async unwrap({ keyReference, algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    const { opens, encrypt } = this.#calls;
    if (!isOneOf(opens ?? encrypt, algorithm) || ciphertext.length === 0) throw new UnwrapFailed();
    return requireOpened(await this.#calls.decrypt(ciphertext, algorithm, keyReference));
  }

  override async close(): Promise<void> {
    await this.#calls.close?.();
  }
}

const isOneOf = <Name extends string>(names: Readonly<Partial<Record<Name, unknown>>>, name: string): name is Name =>
  Object.hasOwn(names, name);

/** Throws RangeError unless `dataKey` has the length of a data key. */
export function requireDataKey(dataKey: Uint8Array): void {
  if (dataKey.length !== dataKeyLength) throw new RangeError(`a data key has ${dataKeyLength} bytes`);
}

/** What was decrypted, when it is a data key; else it is wiped, and UnwrapFailed. */
export function requireOpened(plain: Uint8Array | undefined): Uint8Array {
  if (plain?.length === dataKeyLength) return plain;
  plain?.fill(0);
  throw new UnwrapFailed();
}
