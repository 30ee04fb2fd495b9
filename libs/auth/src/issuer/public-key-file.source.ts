import { createPublicKey, type KeyObject } from 'node:crypto';
import { FileUnreadable, readSmallText } from '@key-connector/common';
import { KeysUnusable } from './issuer.errors.js';
import { type KeySet, onlyKey } from './key-set.js';
import { KeySource } from './key-source.js';
import { unfitForRs256 } from './rsa-key.js';

/** A public key has 1 KB, a certificate with its chain some ten. */
const MAX_BYTES = 256 * 1024;

/** The one key in a PEM file: SPKI, PKCS#1 or an X.509 certificate; read again at every refresh. */
export class PublicKeyFileSource extends KeySource {
  constructor(
    private readonly issuer: string,
    readonly description: string,
    private readonly timeoutSeconds: number,
  ) {
    super();
  }

  async load(): Promise<KeySet> {
    const key = importPem(await this.read(), this.description);
    const problem = unfitForRs256(key);
    if (problem !== undefined) throw new KeysUnusable(`${this.description}: ${problem}`);
    return onlyKey(this.issuer, key);
  }

  private async read(): Promise<string> {
    try {
      return await readSmallText(this.description, { maxBytes: MAX_BYTES, seconds: this.timeoutSeconds });
    } catch (error) {
      throw error instanceof FileUnreadable ? new KeysUnusable(error.message, { cause: error }) : error;
    }
  }
}

function importPem(pem: string, path: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) {
    throw new KeysUnusable(`${path}: holds a private key; give the public key only`);
  }
  try {
    return createPublicKey(pem);
  } catch {
    throw new KeysUnusable(`${path}: is not a PEM public key or certificate`);
  }
}
