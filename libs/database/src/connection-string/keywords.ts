import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { Pair } from './ado-net.js';
import { ConnectionStringError } from './connection-string.errors.js';

/** What a connection string may hold: for each field, the keys that set it (the first one is shown), and its rule. */
export interface Keywords<Shape extends z.ZodRawShape> {
  readonly aliases: { readonly [Field in keyof Shape]: readonly [string, ...string[]] };
  readonly rules: Shape;
  /** Keys that existing deployments carry and that mean nothing here. */
  readonly ignored?: readonly string[];
  /** Keys that ask for what is not done here, each with what to do instead. */
  readonly refused?: Readonly<Record<string, string>>;
}

const normalise = (key: string): string => key.replaceAll(/[\s_-]/g, '').toLowerCase();

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
    if (found === undefined) problems.push(unknown.describe(pair, index));
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

/** What a known key is: one that sets a field, one that is refused, or neither where it means nothing here. */
interface Known {
  /** What the key is called in a message. */
  readonly shown: string;
  /** As it may be written. */
  readonly spelled: string;
  readonly field?: string;
  readonly refused?: string;
}

/** Every key that is known, in any case, with or without blanks. */
class KeyTable {
  private readonly known: ReadonlyMap<string, Known>;

  constructor({ aliases, ignored = [], refused = {} }: Omit<Keywords<z.ZodRawShape>, 'rules'>) {
    const fields = Object.entries<readonly [string, ...string[]]>(aliases).flatMap(([field, keys]) =>
      keys.map((key): Known => ({ shown: keys[0], spelled: key, field })),
    );
    const others = [
      ...ignored.map((key): Known => ({ shown: key, spelled: key })),
      ...Object.entries(refused).map(([key, what]): Known => ({ shown: key, spelled: key, refused: what })),
    ];
    this.known = new Map([...others, ...fields].map((known) => [normalise(known.spelled), known]));
  }

  find(key: string): Known | undefined {
    return this.known.get(normalise(key));
  }

  /** The key that this one is a slip of. */
  nearest(key: string): string | undefined {
    const name = normalise(key);
    const near = [...this.known]
      .filter(([candidate, { refused }]) => refused === undefined && isSlip(name, candidate))
      .sort(([a], [b]) => distance(name, a) - distance(name, b));
    return near[0]?.[1].spelled;
  }
}

/** Short words are near to each other by chance: `Ssl` is two letters away from `PSW`. */
const minSlipLength = 4;

function isSlip(name: string, candidate: string): boolean {
  if (Math.min(name.length, candidate.length) < minSlipLength) return false;
  const edits = distance(name, candidate);
  const isSwap = edits === 2 && [...name].sort().join('') === [...candidate].sort().join('');
  return edits === 1 || isSwap || (edits === 2 && name.length > 6);
}

/** Keys whose value is a secret, in every driver; a slip of one counts, too. */
const isSecretKey = (key: string): boolean => /pass|pwd|psw|secret|token|accountkey/.test(normalise(key));

/** A host or database that goes on with `password=`: a blank, a comma or an & was taken for the separator. */
const holdsPassword = (key: string, value: string): boolean =>
  !isSecretKey(key) && /(?:^|[\s,&?])(?:password|passwd|pwd|psw)\s*=/i.test(value);

const lacksSeparator = 'holds a further key=value: put a ; between pairs';

/**
 * Keys that no table has. One is told as written only where it cannot be a piece of a password that was cut at a `;`: as
 * a slip of a known key, in a URL's query, or behind a known key while no secret has come yet.
 */
class UnknownKeys {
  private isBehindKnown = false;
  private isBehindSecret = false;

  constructor(private readonly table: KeyTable) {}

  /** Takes note of a pair, whatever came of it. */
  pass({ key, place }: Pair, isKnown: boolean): void {
    if (place !== 'URL' && isSecretKey(this.table.nearest(key) ?? key)) this.isBehindSecret = true;
    if (isKnown) this.isBehindKnown = true;
  }

  describe({ key, place }: Pair, index: number): string {
    const nearest = this.table.nearest(key);
    const isShown = nearest !== undefined || (this.isBehindKnown && !this.isBehindSecret && looksLikeKey.test(key));
    const name = isShown ? `"${key}"` : `the key of ${place ?? `part ${index + 1}`}`;
    return `${name} is not a known key${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`;
  }
}

const looksLikeKey = /^[a-z][a-z _-]{1,40}$/i;
