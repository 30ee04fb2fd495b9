import { parseUserId, type UserId } from '@key-connector/common';

/** Reads a user id that is known to be one. */
export function userId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new Error(`${text} is no GUID`);
  return id;
}

/** Two members. */
export const alice = userId('aaaaaaaa-0000-4000-8000-000000000001');
/** The other one. */
export const bob = userId('bbbbbbbb-0000-4000-8000-000000000002');
