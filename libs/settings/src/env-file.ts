import { FileUnreadable, readSmallFile } from '@key-connector/common';
import type { Environment } from './environment.js';
import type { Problem } from './settings.errors.js';

const limits = { maxBytes: 256 * 1024, seconds: 10 };

/** A variable that env files add, and where it stands: `<file>, line <number>`. */
interface Variable {
  readonly value: string;
  readonly place: string;
}

/** What env files add to an environment, and what is wrong with them. */
export interface EnvFilesReading {
  /** By name; only what the environment itself has not. */
  readonly variables: ReadonlyMap<string, Variable>;
  readonly problems: readonly Problem[];
}

/**
 * Reads env files as `docker run --env-file` does: a later file counts before an earlier one, a later line before an
 * earlier one, and the environment itself before all of them.
 */
export async function readEnvFiles(files: readonly string[], environment: Environment): Promise<EnvFilesReading> {
  const variables = new Map<string, Variable>();
  const problems: Problem[] = [];
  for (const file of files) {
    for (const { line, place } of await linesOf(file)) {
      if ('fault' in line) problems.push({ name: 'env file', rule: line.fault, where: place });
      else if (environment[line.name] === undefined) variables.set(line.name, { value: line.value, place });
    }
  }
  return { variables, problems };
}

/** What a line gives: a variable, or what is wrong with it, without a word of it, since it may be a secret. */
type Line = { readonly name: string; readonly value: string } | { readonly fault: string };

async function linesOf(file: string): Promise<{ line: Line; place: string }[]> {
  let bytes: Buffer;
  try {
    bytes = await readSmallFile(file, limits);
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    return [{ line: { fault: error.why }, place: file }];
  }
  try {
    return splitLines(bytes).flatMap((text, index) => {
      const line = readLine(text, index === 0);
      return line === undefined ? [] : [{ line, place: `${file}, line ${index + 1}` }];
    });
  } finally {
    bytes.fill(0);
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf('\n'); end !== -1; end = bytes.indexOf('\n', start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return [...lines, bytes.subarray(start)];
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What Go's `unicode.IsSpace`, and so Docker, takes for a blank. */
const leadingBlanks = /^[\t\n\v\f\r \u0085\p{Zs}\u2028\u2029]+/u;

/** Names that a process can be given and a person means; the second line of a value is mostly another. */
const usableName = /^[A-Za-z_][\w.:-]*$/;

/**
 * `undefined` for a line that gives nothing: blank, a comment, or a name alone, which stands for what the process has.
 */
function readLine(bytes: Buffer, first: boolean): Line | undefined {
  let line: string;
  try {
    line = strict.decode(bytes);
  } catch {
    return { fault: 'is not UTF-8 text' };
  }
  if (line.includes('\0')) return { fault: 'holds a NUL, which no variable can' };
  // What Docker takes away: a byte-order mark of the file, one carriage return at a line's end, blanks before a name.
  const text = (first ? line.replace(/^\uFEFF/, '') : line).replace(/\r$/, '').replace(leadingBlanks, '');
  if (text === '' || text.startsWith('#')) return undefined;
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  const fault = faultOf(name);
  if (fault !== undefined) return { fault };
  return equals === -1 ? undefined : { name, value: text.slice(equals + 1) };
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'has no name before =';
  if (/[ \t]/.test(name))
    return 'has a blank in its name; write NAME=value, without "export" and without a blank before =';
  if (usableName.test(name)) return undefined;
  return 'has no name that a variable can have; a value does not go on in the next line';
}
