import { randomBytes } from 'node:crypto';
import { dataKeyLength, KeyEncryptionKey, type WrappedKey } from './key-encryption-key.js';
import { KeyProviderMisconfigured } from './key-provider.errors.js';

/** A key whose way to its provider can be replaced, by other credentials say, under those who hold it. */
export class ReplaceableKey extends KeyEncryptionKey {
  readonly id: string;
  readonly publicKey: string | null;
  private calls = new Set<Promise<unknown>>();

  constructor(private key: KeyEncryptionKey) {
    super();
    this.id = key.id;
    this.publicKey = key.publicKey;
  }

  get description(): string {
    return this.key.description;
  }

  get keyReference(): string {
    return this.key.keyReference;
  }

  get classicAlgorithm(): string {
    return this.key.classicAlgorithm;
  }

  wrap(dataKey: Uint8Array, algorithm?: string): Promise<WrappedKey> {
    return this.noted(this.key.wrap(dataKey, algorithm));
  }

  unwrap(wrapped: WrappedKey): Promise<Uint8Array> {
    return this.noted(this.key.unwrap(wrapped));
  }

  override close(): Promise<void> {
    return this.key.close();
  }

  /**
   * Goes on with the same key, opened in another way, once it was seen to wrap and unwrap; calls that run end on the
   * old one, which is closed behind them.
   *
   * @throws KeyProviderMisconfigured where it is another key, or what the provider says of the calls. It is closed
   * then.
   */
  async replaceBy(next: KeyEncryptionKey): Promise<void> {
    try {
      await this.prove(next);
    } catch (error) {
      await next.close().catch(() => undefined);
      throw error;
    }
    const { key: old, calls } = this;
    this.key = next;
    this.calls = new Set();
    void Promise.allSettled(calls).then(() => old.close().catch(() => undefined));
  }

  private async prove(next: KeyEncryptionKey): Promise<void> {
    if (next.id !== this.id)
      throw new KeyProviderMisconfigured(
        `${next.description} is another key (${next.id}) than the one in use (${this.id}). Put the old one back: ` +
          'the next start would not open the data keys. To move to another key, see `key-connector kek`.',
      );
    const dataKey = randomBytes(dataKeyLength);
    const opened = await next.unwrap(await next.wrap(dataKey));
    opened.fill(0);
    dataKey.fill(0);
  }

  private noted<T>(call: Promise<T>): Promise<T> {
    const { calls } = this;
    calls.add(call);
    void call.catch(() => undefined).finally(() => calls.delete(call));
    return call;
  }
}
