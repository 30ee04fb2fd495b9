import { constants, createPublicKey, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto';
import type { versionAlgorithms } from './kms-service.ts';

/** States of a key version as Google names them. */
export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROY_SCHEDULED' | 'DESTROYED';

/** The algorithms of versions that the double can have. */
export type VersionAlgorithm = keyof typeof versionAlgorithms;

/** One version of a key, with its private half. */
export class KeyVersion {
  state: VersionState = 'ENABLED';
  private readonly privateKey: KeyObject;

  readonly name: string;
  readonly algorithm: VersionAlgorithm;

  constructor(name: string, algorithm: VersionAlgorithm, privateKey?: KeyObject) {
    this.name = name;
    this.algorithm = algorithm;
    const modulusLength = Number(/_(\d{4})_/.exec(algorithm)?.[1] ?? 2048);
    this.privateKey = privateKey ?? generateKeyPairSync('rsa', { modulusLength }).privateKey;
  }

  get publicKey(): KeyObject {
    return createPublicKey(this.privateKey);
  }

  get pem(): string {
    return this.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  }

  /** Throws where the ciphertext does not open. */
  decrypt(ciphertext: Uint8Array): Buffer {
    const oaepHash = this.algorithm.split('_').at(-1)?.toLowerCase() ?? '';
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return privateDecrypt({ key: this.privateKey, padding, oaepHash }, ciphertext);
  }
}
