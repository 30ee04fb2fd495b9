import type { KeyObject, webcrypto } from 'node:crypto';
import type { ProvidedKey, WrappedDataKey } from 'key-connector/key-provider';
import { DeclaredError } from './declared-error.js';
import type { KeyServiceClient } from './key-service.client.js';

/** Under their JOSE names (RFC 7518, section 4.3). */
const hashes: ReadonlyMap<string, string> = new Map([
  ['RSA-OAEP', 'SHA-1'],
  ['RSA-OAEP-256', 'SHA-256'],
]);

interface RemoteKeyFacts extends Pick<ProvidedKey, 'id' | 'description' | 'keyReference'> {
  readonly version: number;
  readonly publicHalf: KeyObject;
}

/** Wraps here, with the public half; opens at the key service, which alone has the private half. */
export class RemoteKey implements ProvidedKey {
  readonly id: string;
  readonly description: string;
  readonly keyReference: string;
  readonly classicAlgorithm = 'RSA-OAEP';

  constructor(
    private readonly client: KeyServiceClient,
    private readonly facts: RemoteKeyFacts,
  ) {
    this.id = facts.id;
    this.description = facts.description;
    this.keyReference = facts.keyReference;
  }

  async wrap(dataKey: Uint8Array<ArrayBuffer>, algorithm = 'RSA-OAEP-256'): Promise<WrappedDataKey> {
    const key = this.wrappingKey(algorithm);
    const ciphertext = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, key, dataKey);
    return { keyReference: this.keyReference, algorithm, ciphertext: new Uint8Array(ciphertext) };
  }

  unwrap({ algorithm, ciphertext }: WrappedDataKey): Promise<Uint8Array> {
    return this.client.decrypt(this.facts.version, algorithm, ciphertext);
  }

  private wrappingKey(algorithm: string): webcrypto.CryptoKey {
    const hash = hashes.get(algorithm);
    if (hash === undefined) throw new DeclaredError('KEY_PROVIDER_MISCONFIGURED', `no algorithm of RSA: ${algorithm}`);
    return this.facts.publicHalf.toCryptoKey({ name: 'RSA-OAEP', hash }, false, ['encrypt']);
  }
}
