import { z } from 'zod';
import type { Pair } from './ado-net.js';
import { ConnectionStringError } from './connection-string.errors.js';
import { type Keywords, KeyTable, normalise } from './key-table.js';

/**
 * Reads pairs by a table of keys: case and blanks in a key do not count, the last of a repeated key wins, a blank value
 * counts as not given.
 *
 * @throws ConnectionStringError listing every problem by key, without any value, nor a key that may be the tail of one.
 */
export function readKeywords<Shape extends z.ZodRawShape>(
  pairs: readonly Pair[],
  keywords: Keywords<Shape>,
): z.output<z.ZodObject<Shape>> {
  const table = new KeyTable(keywords);
  const problems: string[] = [];
  const given: Record<string, string> = {};
  const unknown = new UnknownKeys(table);
  for (const [index, pair] of pairs.entries()) {
    const found = table.find(pair.key);
    if (found === undefined) problems.push(...unknown.describe(pair, index));
    else if (pair.value !== '' && found.refused !== undefined) problems.push(`${found.shown} ${found.refused}`);
    else if (found.field !== undefined) {
      if (holdsPassword(found.shown, pair.value)) problems.push(`${found.shown} ${lacksSeparator}`);
      if (pair.value === '') Reflect.deleteProperty(given, found.field);
      else given[found.field] = pair.value;
    }
    unknown.pass(pair, found !== undefined);
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

/** Keys whose value is a secret, in every driver; a slip of one counts, too. */
const isSecretKey = (key: string): boolean => /pass|pwd|psw|secret|token|accountkey/.test(normalise(key));

/**
 * A host, name or path that goes on with `password=` or `Password:`, since something else than a `;` was taken for the
 * separator: it would be logged, and sent as what it is not.
 */
function holdsPassword(key: string, value: string): boolean {
  if (isSecretKey(key)) return false;
  const named = [...value.matchAll(/[\p{L}\p{N}_-]+(?=\s*=)/gu)].map(([word]) => word);
  if (named.some((word) => isSecretKey(word) && !serverOptions.has(word))) return true;
  return passwordBehindColon.test(isHostKey.test(key) ? value.replaceAll(ports, '') : value);
}

/** What PostgreSQL's `Options=-c name=value` sets without being a secret. */
const serverOptions: ReadonlySet<string> = new Set(['password_encryption']);

/** Cloud SQL's socket, /cloudsql/project:region:instance, may have a project of any name. */
const passwordBehindColon = /(?:^|[\s,&?;:|=])(?:pass\w*|pwd|psw|secret)\s*:/i;

const isHostKey = /^(?:host|server)$/i;

/** Of a host that is called passdb. */
const ports = /:\d{1,5}(?=\s*(?:,|$))/g;

const lacksSeparator = 'holds a further key=value: put a ; between pairs, or ? and & in a URL';

/**
 * Keys that no table has. One is told as written only where it cannot be a piece of a password that was cut at a `;`:
 * as a slip of a known key, in a URL's query, or behind a known key while no secret has come yet.
 */
class UnknownKeys {
  private isBehindKnown = false;
  private isBehindSecret = false;
  private count = 0;

  constructor(private readonly table: KeyTable) {}

  /** Takes note of a pair, whatever came of it. */
  pass({ key, place }: Pair, isKnown: boolean): void {
    if (this.count > maxUnknown) return;
    const isSecret = isSecretKey(key) || isSecretKey(this.table.nearest(key) ?? '');
    if (isSecret && place !== 'URL') this.isBehindSecret = true;
    if (isKnown) this.isBehindKnown = true;
  }

  /** What to say of it; of a whole file of them only the first ones are described. */
  describe({ key, place }: Pair, index: number): string[] {
    this.count += 1;
    if (this.count > maxUnknown) return this.count === maxUnknown + 1 ? ['more keys are not known'] : [];
    const nearest = this.table.nearest(key);
    const isShown = nearest !== undefined || (this.isBehindKnown && !this.isBehindSecret && looksLikeKey.test(key));
    const name = isShown ? `"${key}"` : `the key of ${place ?? `part ${index + 1}`}`;
    return [`${name} is not a known key${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`];
  }
}

/** Each is compared with every known key, which takes time. */
const maxUnknown = 20;

const looksLikeKey = /^[a-z][a-z _-]{1,40}$/i;
