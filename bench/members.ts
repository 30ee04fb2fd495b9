import { randomBytes, randomUUID } from 'node:crypto';
import { type IssuerServer, startIssuer } from '../test/lab/issuer/issuer.server.ts';
import { makeIssuerKey } from '../test/lab/issuer/tokens.ts';

/** A member who has stored a key and holds a token of their own. */
export interface Member {
  readonly id: string;
  readonly key: Buffer;
  readonly token: string;
}

/** Starts an issuer whose key is named as Bitwarden's identity server names its own. */
export function startMembersIssuer(): Promise<IssuerServer> {
  const thumbprint = randomBytes(20).toString('hex').toUpperCase();
  return startIssuer({ key: makeIssuerKey(2048, `${thumbprint}RS256`) });
}

/** Makes members with random ids and keys, each with a token of their own: about 900 bytes, as after single sign-on. */
export async function makeMembers(count: number, issuer: IssuerServer): Promise<Member[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const id = randomUUID();
      return { id, key: randomBytes(32), token: await issuer.tokenOnThreads({ claims: claimsOf(id) }) };
    }),
  );
}

/** What Bitwarden's identity server says of a member, beyond what every token of the issuer has. */
function claimsOf(userId: string): Record<string, unknown> {
  return {
    client_id: 'browser',
    auth_time: Math.floor(Date.now() / 1000),
    sub: userId,
    idp: 'sso',
    premium: false,
    email: `${userId.slice(0, 8)}@members.example`,
    device: randomUUID(),
    jti: randomUUID().replaceAll('-', '').toUpperCase(),
  };
}
