declare const brand: unique symbol;

/** A member's id: a GUID in lower-case `8-4-4-4-12` text (RFC 9562, section 4). */
export type UserId = string & { readonly [brand]: 'UserId' };

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Reads a GUID in any case; `undefined` for anything else. */
export function parseUserId(text: unknown): UserId | undefined {
  return typeof text === 'string' && guid.test(text) ? (text.toLowerCase() as UserId) : undefined;
}

/** The 16 raw bytes of a user id, in the order of its text (RFC 9562, network byte order). */
export function userIdBytes(id: UserId): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
