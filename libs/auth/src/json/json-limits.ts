/** How much structure a JSON text may have, and whether an object may name a member twice. */
export interface JsonLimits {
  /** Objects and arrays within each other. */
  readonly depth: number;
  /** Members of all objects together. */
  readonly members: number;
  /** Commas: entries of arrays and members of objects, but for the first of each. */
  readonly commas: number;
  /** Parsers disagree on which of two members of one name counts (RFC 8259, section 4). */
  readonly repeatedNames: 'allowed' | 'refused';
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Whether a JSON text keeps to the limits. One pass over the text, without recursion: to be asked before anything is
 * made of a text from outside, for the cost of reading it is in its structure and not in its bytes.
 *
 * Says nothing about whether the text is JSON at all: that is for `JSON.parse`.
 */
export function isWithinLimits(text: string, limits: JsonLimits): boolean {
  /** The names seen in each open object; `undefined` for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let [members, commas] = [0, 0];
  /** Where the last string starts and ends, the quotes included. */
  let [start, end] = [0, 0];

  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        start = at;
        end = endOfString(text, at);
        at = end - 1;
        break;
      case COLON:
        members += 1;
        if (members > limits.members) return false;
        if (limits.repeatedNames === 'refused' && !isNew(open.at(-1), text.slice(start, end))) return false;
        break;
      case COMMA:
        commas += 1;
        if (commas > limits.commas) return false;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        if (open.length === limits.depth) return false;
        open.push(text.charCodeAt(at) === OPEN_OBJECT ? new Set() : undefined);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop();
        break;
    }
  }
  return true;
}

/** The place after the closing quote of the string that starts at a place; the text's end when it has none. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
  } while (isEscaped(text, end));
  return end + 1;
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 1;
}

function isNew(names: Set<string> | undefined, quoted: string): boolean {
  const name = quoted.includes('\\') ? unescaped(quoted) : quoted;
  const size = names?.size;
  return names === undefined || names.add(name).size !== size;
}

/** One spelling for each name: `"s\u0075b"` is `"sub"`. */
function unescaped(quoted: string): string {
  try {
    return JSON.stringify(JSON.parse(quoted));
  } catch {
    // No JSON, as JSON.parse of the whole will find.
    return quoted;
  }
}
