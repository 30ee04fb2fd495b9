import { fetchJson } from './fetch-json.js';
import { readJwks } from './jwks.js';
import { type KeySet, namedKeys } from './key-set.js';
import { KeySource } from './key-source.js';

/** The keys at a configured JWKS URI, of a server without discovery. */
export class JwksSource extends KeySource {
  constructor(
    private readonly issuer: string,
    readonly description: string,
  ) {
    super();
  }

  async load(signal: AbortSignal): Promise<KeySet> {
    return namedKeys(this.issuer, await readJwks(await fetchJson(this.description, signal), this.description));
  }
}
