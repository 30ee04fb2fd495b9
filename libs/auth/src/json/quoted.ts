/** Longer than any honest id, issuer or address. */
const MAX_CHARACTERS = 200;

/** Text from outside as a log can show it: in quotes, in ASCII, escaped, and cut where it is too long. */
export function quoted(text: string): string {
  const escaped = JSON.stringify(text.slice(0, MAX_CHARACTERS)).replaceAll(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return text.length > MAX_CHARACTERS ? `${escaped}…` : escaped;
}
