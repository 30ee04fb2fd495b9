import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type KeySet, onlyKey } from './key-set.js';
import { KeySource } from './key-source.js';
import { KeysUnusable } from './issuer.errors.js';
import { unfitForRs256 } from './rsa-key.js';

/** The one key in a PEM file: SPKI, PKCS#1 or an X.509 certificate; read again at every refresh. */
export class PublicKeyFileSource extends KeySource {
  constructor(
    private readonly issuer: string,
    readonly description: string,
  ) {
    super();
  }

  async load(signal: AbortSignal): Promise<KeySet> {
    const key = importPem(await this.read(signal), this.description);
    const problem = unfitForRs256(key);
    if (problem !== undefined) throw new KeysUnusable(`${this.description}: ${problem}`);
    return onlyKey(this.issuer, key);
  }

  private async read(signal: AbortSignal): Promise<string> {
    try {
      return await readFile(this.description, { encoding: 'utf8', signal });
    } catch (error) {
      throw new KeysUnusable(`cannot be read: ${error instanceof Error ? error.message : 'failed'}`, { cause: error });
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
