import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { Pair } from './ado-net.js';
import { ConnectionStringError } from './connection-string.errors.js';

/** What a connection string may hold: for each field, the keys that set it (the first one is shown), and its rule. */
export interface Keywords<Shape extends z.ZodRawShape> {
  readonly aliases: { readonly [Field in keyof Shape]: readonly [string, ...string[]] };
  readonly rules: Shape;
  /** Keys that existing deployments carry and that mean nothing here. */
  readonly ignored?: readonly string[];
}

const normalise = (key: string): string => key.replaceAll(/[\s_-]/g, '').toLowerCase();

/**
 * Reads pairs by a table of keys: case and blanks in a key do not count, the last of a repeated key wins, a blank value
 * counts as not given.
 *
 * @throws ConnectionStringError listing every problem by key.
 */
export function readKeywords<Shape extends z.ZodRawShape>(
  pairs: readonly Pair[],
  keywords: Keywords<Shape>,
): z.output<z.ZodObject<Shape>> {
  const aliases = Object.entries<readonly [string, ...string[]]>(keywords.aliases);
  const fieldOf = new Map(aliases.flatMap(([field, keys]) => keys.map((key) => [normalise(key), field] as const)));
  const ignored = new Set(keywords.ignored?.map(normalise));
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const [index, { key, value }] of pairs.entries()) {
    const name = normalise(key);
    const field = fieldOf.get(name);
    if (field !== undefined) {
      if (value === '') Reflect.deleteProperty(given, field);
      else given[field] = value;
    } else if (!ignored.has(name)) {
      problems.push(isShown(key) ? `"${key}" is not a known key${nearest(name, aliases)}` : hidden(index));
    }
  }
  const result = z.object(keywords.rules).safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const field = String(issue.path[0]);
      const name = keywords.aliases[field]?.[0] ?? field;
      problems.push(field in given ? `${name} ${issue.message}` : `${name} is missing`);
    }
  }
  if (!result.success || problems.length > 0) throw new ConnectionStringError(problems);
  return result.data;
}

/** A key is told as written, unless it looks like a piece of a password that was cut at a `;`. */
const isShown = (key: string): boolean => /^[a-z][a-z _-]{1,40}$/i.test(key);
const hidden = (index: number): string => `the key of part ${index + 1} is not a known key`;

/** More edits than that are another word, not a slip. */
const maxEdits = 2;

function nearest(name: string, aliases: readonly (readonly [field: string, keys: readonly string[]])[]): string {
  const keys = new Map(aliases.flatMap(([, all]) => all.map((key) => [normalise(key), key] as const)));
  const candidate = closest(name, [...keys.keys()]);
  return distance(name, candidate) > maxEdits ? '' : `; did you mean "${keys.get(candidate) ?? ''}"?`;
}
