import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountKeys } from './account-keys.js';

/** One vault item as the server keeps it: every text encrypted under the user key. */
export type StoredCipher = Record<string, unknown> & { readonly id: string };

/** What the server of a Bitwarden deployment knows about one member; it can open none of it. */
export interface Member {
  readonly id: string;
  readonly email: string;
  readonly apiSecret: string;
  /** Absent until the member has enrolled. */
  account?: {
    /** The user key, wrapped with the master key or with the key that the key connector keeps. */
    readonly wrappedUserKey: string;
    readonly keys: AccountKeys;
  };
  /**
   * The company's key, encrypted to the member's public key; absent until an administrator has confirmed the member.
   */
  readonly organizationKey?: string;
  /** Present while the account is opened with a master password. */
  masterPassword?: { readonly kdfIterations: number };
  userKeyId?: string;
  readonly ciphers: StoredCipher[];
}

/** A member whom single sign-on has just let in for the first time: no keys, no vault. */
export function newMember(): Member {
  const id = randomUUID();
  return { id, email: `${id}@company.example`, apiSecret: randomBytes(15).toString('hex'), ciphers: [] };
}
