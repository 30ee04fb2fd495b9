import { FileUnreadable, readSmallFile } from '@key-connector/common';
import type { Environment } from './environment.js';
import type { Problem } from './settings.errors.js';

const limits = { maxBytes: 256 * 1024, seconds: 10 };

/** A variable of an env file. */
interface Variable {
  readonly value: string;
  /** `<file>, line <number>` */
  readonly place: string;
}

/** What env files add to an environment, and what is wrong with them. */
export interface EnvFilesReading {
  /** By name; only what the environment itself has not. */
  readonly variables: ReadonlyMap<string, Variable>;
  readonly problems: readonly Problem[];
}

/**
 * Reads env files as `docker run --env-file` does: a later file counts before an earlier one, a later line before an earlier
 * one, and the environment itself before all of them.
 */
export async function readEnvFiles(files: readonly string[], environment: Environment): Promise<EnvFilesReading> {
  const variables = new Map<string, Variable>();
  const problems: Problem[] = [];
  for (const file of files) {
    for (const { variable, fault, place } of await linesOf(file)) {
      if (fault !== undefined) problems.push({ name: 'env file', rule: fault, where: place });
      else if (environment[variable.name] === undefined) variables.set(variable.name, { value: variable.value, place });
    }
  }
  return { variables, problems };
}

/** A line that gives a variable, or has a fault. */
type Line = { readonly place: string } & (
  | { readonly variable: { readonly name: string; readonly value: string }; readonly fault?: undefined }
  | { readonly variable?: undefined; readonly fault: string }
);

async function linesOf(file: string): Promise<Line[]> {
  let bytes: Buffer;
  try {
    bytes = await readSmallFile(file, limits);
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    return [{ fault: error.why, place: file }];
  }
  try {
    return splitLines(bytes).flatMap((line, index): Line[] => {
      const place = `${file}, line ${index + 1}`;
      const read = readLine(line, index === 0);
      if (read === undefined) return [];
      return [typeof read === 'string' ? { fault: read, place } : { variable: read, place }];
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

/** What Go's `unicode.IsSpace` takes for blank. */
const leadingBlanks = /^[\t\n\v\f\r \u0085\p{Zs}\u2028\u2029]+/u;

/** Names that a process can be given and a person means; in a value that goes on in a second line there are others. */
const usableName = /^[A-Za-z_][\w.:-]*$/;

/** The variable of a line; text for what is wrong with it, without a word of it; `undefined` where it gives none. */
function readLine(bytes: Buffer, first: boolean): { name: string; value: string } | string | undefined {
  let line: string;
  try {
    line = strict.decode(bytes);
  } catch {
    return 'is not UTF-8 text';
  }
  if (line.includes('\0')) return 'holds a NUL, which no variable can';
  // A byte-order mark at the start of the file, one carriage return at the end of a line, and blanks before a name go.
  const text = (first ? line.replace(/^\uFEFF/, '') : line).replace(/\r$/, '').replace(leadingBlanks, '');
  if (text === '' || text.startsWith('#')) return undefined;
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  if (name === '') return 'has no name before =';
  if (/[ \t]/.test(name))
    return 'has a blank in its name; write NAME=value, without "export" and without a blank before =';
  if (!usableName.test(name)) return 'has no name that a variable can have; a value does not go on in the next line';
  // A name alone: what the process has under it, if anything.
  return equals === -1 ? undefined : { name, value: text.slice(equals + 1) };
}
