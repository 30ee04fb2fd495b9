import { visit } from 'jsonc-parser';

/** Deeper JSON is not a token's; the visitor below recurses. */
const MAX_DEPTH = 32;

/**
 * Whether no object in the JSON text names a member twice (RFC 8725, section 2.4: parsers disagree on which one counts).
 *
 * `value` is what JSON.parse made of the text.
 */
export function hasUniqueMembers(text: string, value: unknown): boolean {
  // What was written the way we would write it has lost nothing, so nothing was there twice.
  return JSON.stringify(value) === text || visitsUniqueMembers(text);
}

function visitsUniqueMembers(text: string): boolean {
  const open: Set<string>[] = [];
  let depth = 0;
  let unique = true;
  const enter = (): boolean => {
    depth += 1;
    if (depth > MAX_DEPTH) unique = false;
    return unique; // false keeps the visitor out of what is inside
  };
  visit(
    text,
    {
      onObjectBegin: () => {
        open.push(new Set());
        return enter();
      },
      onObjectProperty: (name) => {
        const names = open.at(-1);
        if (names?.has(name)) unique = false;
        names?.add(name);
      },
      onObjectEnd: () => {
        open.pop();
        depth -= 1;
      },
      onArrayBegin: enter,
      onArrayEnd: () => {
        depth -= 1;
      },
    },
    { disallowComments: true },
  );
  return unique;
}
