import { type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';

const KEY_ID = 'demo';

/** Signs demo tokens with an RSA key that lives as long as the process. */
export class DemoSigner {
  private constructor(
    /** Issuer identifier: the base URL of this server. */
    readonly issuer: string,
    readonly keySet: JSONWebKeySet,
    private readonly privateKey: CryptoKey,
  ) {}

  static async create(issuer: string): Promise<DemoSigner> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, use: 'sig', alg: 'RS256' };
    return new DemoSigner(issuer, { keys: [jwk] }, privateKey);
  }

  /** A token as a member's client gets it after an API-key login. */
  tokenFor(userId: string): Promise<string> {
    return new SignJWT({ amr: ['Application'], scope: ['api'] })
      .setProtectedHeader({ alg: 'RS256', kid: KEY_ID, typ: 'at+jwt' })
      .setSubject(userId)
      .setIssuer(this.issuer)
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('1h')
      .sign(this.privateKey);
  }
}
