import { visit } from 'jsonc-parser';

/**
 * Whether no object in the JSON text names a member twice: parsers disagree on which of the two counts (RFC 8259,
 * section 4). `value` is what JSON.parse made of the text.
 */
export function hasUniqueMembers(text: string, value: unknown): boolean {
  try {
    // What reads the way we would write it has lost nothing, so nothing was there twice.
    return JSON.stringify(value) === text || visitsUniqueMembers(text);
  } catch (error) {
    // Both walk by recursion: what is nested too deep for them is no token of an issuer.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function visitsUniqueMembers(text: string): boolean {
  const open: Set<string>[] = [];
  let unique = true;
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
    },
    onObjectProperty: (name) => {
      const names = open.at(-1);
      if (names?.has(name)) unique = false;
      names?.add(name);
    },
    onObjectEnd: () => {
      open.pop();
    },
  });
  return unique;
}
