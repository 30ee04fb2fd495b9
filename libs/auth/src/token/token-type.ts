/** A media type as `typ` writes it: `application/` may be left out, case does not count (RFC 7515, section 4.1.9). */
const bare = (type: string): string => type.toLowerCase().replace(/^application\//, '');

/** Whether a header's `typ` is the accepted one. */
export function isTokenType(typ: string | undefined, accepted: string): boolean {
  return typ !== undefined && bare(typ) === bare(accepted);
}
