import { createPublicKey } from 'node:crypto';
import { publicKeyFacts } from '../../contract/fingerprint.js';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from '../../contract/key-encryption-key.js';
import { requireDataKey, requireOpened } from '../../contract/data-key-wrapper.js';
import type { ProvidedKey } from '../../contract/key-provider-module.js';
import { PackageFault, translated } from './package.errors.js';

/** A key that a package brings: what goes in is copied, what comes out is checked, and its errors become ours. */
export class ProvidedKeyEncryptionKey extends KeyEncryptionKey {
  override readonly id: string;
  override readonly publicKey: string | null;
  override readonly description: string;
  override readonly keyReference: string;
  override readonly classicAlgorithm: string;

  /** Private for good: what a package holds in it is not for whoever prints this object. */
  readonly #key: ProvidedKey;

  /** Throws KeyProviderMisconfigured unless `key` keeps to the contract. */
  constructor(
    private readonly packageName: string,
    key: ProvidedKey,
  ) {
    super();
    if (!isRecord(key)) throw this.fault('opens no key');
    for (const name of ['description', 'keyReference', 'classicAlgorithm'] as const) {
      if (!isText(key[name])) throw this.fault(`opens a key without ${name}`);
    }
    for (const name of ['wrap', 'unwrap'] as const) {
      if (typeof key[name] !== 'function') throw this.fault(`opens a key without ${name}()`);
    }
    if (!['function', 'undefined'].includes(typeof key.close))
      throw this.fault('opens a key whose close is no function');
    if (!isText(key.id) || !/^sha256:[0-9a-f]{64}$/.test(key.id)) {
      throw this.fault('opens a key whose id is not sha256: and 64 lower-case hex digits');
    }
    const { publicKey = null } = key;
    if (publicKey !== null && publicKeyId(publicKey) !== key.id)
      throw this.fault('opens a key whose publicKey is not base64 of an SPKI DER that its id is over');
    this.publicKey = publicKey;
    ({ id: this.id, keyReference: this.keyReference, classicAlgorithm: this.classicAlgorithm } = key);
    this.#key = key;
    this.description = `${key.description} (${packageName})`;
  }

  async wrap(dataKey: Uint8Array, algorithm?: string): Promise<WrappedKey> {
    requireDataKey(dataKey);
    // By name a package is asked for the classic algorithm alone; its own is the one that it takes unasked.
    const asked = algorithm === this.classicAlgorithm ? algorithm : undefined;
    const plain = Uint8Array.from(dataKey);
    try {
      const wrapped = this.checkedWrapping(await this.call('wrap()', () => this.#key.wrap(plain, asked)), dataKey);
      if (algorithm !== undefined && wrapped.algorithm !== algorithm)
        throw new RangeError(`a key of ${this.packageName} does not wrap with ${algorithm}`);
      return wrapped;
    } finally {
      plain.fill(0);
    }
  }

  async unwrap({ keyReference, algorithm, ciphertext }: WrappedKey): Promise<Uint8Array> {
    const wrapped = { keyReference, algorithm, ciphertext: Uint8Array.from(ciphertext) };
    const plain: unknown = await this.call('unwrap()', () => this.#key.unwrap(wrapped));
    if (!(plain instanceof Uint8Array)) throw this.fault('answers unwrap() with something that is no Uint8Array');
    try {
      return Uint8Array.from(requireOpened(plain));
    } finally {
      plain.fill(0);
    }
  }

  override async close(): Promise<void> {
    await this.call('close()', async () => this.#key.close?.());
  }

  private checkedWrapping(wrapped: unknown, dataKey: Uint8Array): WrappedKey {
    if (!isRecord(wrapped)) throw this.fault('answers wrap() with no wrapping');
    const { keyReference, algorithm, ciphertext } = wrapped;
    if (!isText(keyReference) || !isText(algorithm)) {
      throw this.fault('answers wrap() without the keyReference or the algorithm');
    }
    if (!(ciphertext instanceof Uint8Array) || ciphertext.length < dataKeyLength) {
      throw this.fault(`answers wrap() with a ciphertext of less than ${dataKeyLength} bytes`);
    }
    if (Buffer.from(ciphertext).includes(Buffer.from(dataKey)))
      throw this.fault('answers wrap() with the data key in the clear');
    return { keyReference, algorithm, ciphertext: Uint8Array.from(ciphertext) };
  }

  private async call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translated(this.packageName, operation, error);
    }
  }

  private fault(what: string): PackageFault {
    return new PackageFault(this.packageName, what);
  }
}

/** The id that goes with a public key, base64 of its SPKI DER; `undefined` for anything else. */
function publicKeyId(publicKey: unknown): string | undefined {
  if (!isText(publicKey)) return undefined;
  try {
    const facts = publicKeyFacts(createPublicKey({ key: publicKey, format: 'der', type: 'spki', encoding: 'base64' }));
    return facts.publicKey === publicKey ? facts.id : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
