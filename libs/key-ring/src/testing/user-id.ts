import { parseUserId, type UserId } from '@key-connector/common';

/** Reads a user id that is known to be one. */
export function userId(text: string): UserId {
  const id = parseUserId(text);
  if (id === undefined) throw new Error(`${text} is no GUID`);
  return id;
}
