import { randomBytes } from 'node:crypto';
import { enrolledMember, type Login } from './bitwarden/enrolled-member.js';
import { type Member, newMember } from './bitwarden/member.js';
import type { Company } from './company.js';

/** The one entry of every vault in these journeys. */
export const wiki: Login = { name: 'Wiki', username: 'ada', password: 'correct horse' };

/** A member, and the key that the service keeps for them. */
export interface StoredMember {
  readonly member: Member;
  readonly key: Buffer;
}

/** A member with a vault, whose key the service keeps. */
export function storedMember(company: Company): Promise<StoredMember> {
  const key = randomBytes(32);
  return stored(company, enrolledMember(key, [wiki]), key);
}

/** A member whose key the service keeps, but whom the Bitwarden server takes for a new one. */
export function forgottenMember(company: Company): Promise<StoredMember> {
  return stored(company, newMember(), randomBytes(32));
}

async function stored(company: Company, member: Member, key: Buffer): Promise<StoredMember> {
  await company.keyConnector.storeKey(member, key);
  return { member, key };
}
