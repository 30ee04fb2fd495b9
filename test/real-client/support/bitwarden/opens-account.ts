import { decrypt, stretch } from './enc-string.js';
import type { Member } from './member.js';

/** Whether this key, and nothing else, opens the user key that the member's client left with the server. */
export function opensAccount(key: Buffer | undefined, member: Member): boolean {
  if (key?.length !== 32 || !member.account) return false;
  try {
    return decrypt(member.account.wrappedUserKey, stretch(key)).length > 0;
  } catch {
    return false;
  }
}
