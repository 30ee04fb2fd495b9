import { randomBytes, randomUUID } from 'node:crypto';
import type { BenchIssuer } from './support/issuer.ts';

/** A member who has stored a key and holds a token of their own. */
export interface Member {
  readonly id: string;
  readonly key: Buffer;
  readonly token: string;
}

/** Makes members with random ids and keys, each with a token of their own. */
export async function makeMembers(count: number, issuer: BenchIssuer): Promise<Member[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const id = randomUUID();
      return { id, key: randomBytes(32), token: await issuer.token(id) };
    }),
  );
}
