import { Uri } from '@key-connector/common';
import { z } from 'zod';
import { quoted } from '../json/quoted.js';
import { fetchJson } from './fetch-json.js';
import { KeysUnusable } from './issuer.errors.js';
import { readJwks } from './jwks.js';
import { type KeySet, namedKeys } from './key-set.js';
import { KeySource } from './key-source.js';

/** More than servers and browsers take for a URL. */
const MAX_CHARACTERS = 8192;

/** An @ in the path is none: `/tenants/a@b/keys`. */
const holdsUser = (uri: string): boolean => {
  const { username, password } = new URL(uri);
  return username !== '' || password !== '';
};

/** What we need of OpenID Connect Discovery 1.0, section 3. */
const documentSchema = z.object({
  issuer: z.string().min(1).max(MAX_CHARACTERS),
  jwks_uri: z
    .string()
    .max(MAX_CHARACTERS)
    .pipe(z.url({ protocol: /^https?$/, abort: true }))
    .refine((uri) => !holdsUser(uri), 'names a "jwks_uri" with a user name or password in it, which nobody is sent'),
});

/**
 * Issuer and keys as the identity server's discovery document names them.
 *
 * The document's issuer counts, not the configured URI: the two often differ in port and path.
 */
export class DiscoverySource extends KeySource {
  readonly description: string;

  constructor(
    identityServerUri: string,
    private readonly expectedIssuer?: string,
  ) {
    super();
    this.description = `${identityServerUri.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  }

  async load(signal: AbortSignal): Promise<KeySet> {
    const place = { url: this.description, namedBy: 'identityServerUri' };
    const document = documentSchema.safeParse(await fetchJson(place, signal));
    if (!document.success) {
      const said = document.error.issues.find(({ code }) => code === 'custom')?.message;
      throw new KeysUnusable(
        `${this.description}: ${said ?? 'is not a discovery document with "issuer" and an http(s) "jwks_uri"'}`,
      );
    }
    const { issuer, jwks_uri: jwksUri } = document.data;
    if (this.expectedIssuer !== undefined && issuer !== this.expectedIssuer) {
      const [named, expected] = [quoted(issuer), quoted(this.expectedIssuer)];
      throw new KeysUnusable(`${this.description}: names the issuer ${named}, and auth__issuer says ${expected}`);
    }
    // Whoever sits on an unprotected way to the keys could sign tokens for every member.
    if (this.description.startsWith('https:') && !jwksUri.startsWith('https:')) {
      throw new KeysUnusable(`${this.description}: is served over https but its "jwks_uri" is not`);
    }
    const keys = await fetchJson({ url: jwksUri, namedBy: '"jwks_uri" in the discovery document' }, signal);
    return namedKeys(issuer, await readJwks(keys, new Uri(jwksUri).toString()));
  }
}
