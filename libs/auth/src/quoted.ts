/** A dozen words, or any id and URL that an issuer uses. */
const MAX_CHARACTERS = 200;

/** Text from outside as a log can show it: in quotes, escaped, and cut where it is longer than any honest one. */
export function quoted(text: string): string {
  return text.length > MAX_CHARACTERS ? `${JSON.stringify(text.slice(0, MAX_CHARACTERS))}…` : JSON.stringify(text);
}
