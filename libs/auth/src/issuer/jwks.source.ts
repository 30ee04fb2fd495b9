import type { Uri } from '@key-connector/common';
import { fetchJson } from './fetch-json.js';
import { readJwks } from './jwks.js';
import { type KeySet, namedKeys } from './key-set.js';
import { KeySource } from './key-source.js';

/** The keys at a configured JWKS URI, of a server without discovery. */
export class JwksSource extends KeySource {
  constructor(
    private readonly issuer: string,
    private readonly uri: Uri,
  ) {
    super();
  }

  get description(): string {
    return this.uri.toString();
  }

  async load(signal: AbortSignal): Promise<KeySet> {
    const document = await fetchJson({ url: this.uri.href, namedBy: 'auth__jwksUri' }, signal);
    return namedKeys(this.issuer, await readJwks(document, this.description));
  }
}
