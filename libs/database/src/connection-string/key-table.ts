import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';

/** What a connection string may hold: for each field, the keys that set it (the first one is shown), and its rule. */
export interface Keywords<Shape extends z.ZodRawShape> {
  readonly aliases: { readonly [Field in keyof Shape]: readonly [string, ...string[]] };
  readonly rules: Shape;
  /** Keys that existing deployments carry and that mean nothing here. */
  readonly ignored?: readonly string[];
  /** Keys that ask for what is not done here, each with what to do instead. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** Several refused keys, of which the same is said. */
export const alike = (keys: readonly string[], what: string): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.map((key) => [key, what]));

/** What all spellings of one key have in common. */
export const normalise = (key: string): string => key.replaceAll(/[\s_-]/g, '').toLowerCase();

/** What a known key is: one that sets a field, one that is refused, or neither where it means nothing here. */
export interface Known {
  /** What the key is called in a message. */
  readonly shown: string;
  /** As it may be written. */
  readonly spelled: string;
  readonly field?: string;
  readonly refused?: string;
}

/** Every key that is known, in any case, with or without blanks. */
export class KeyTable {
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
  const isSwap = edits === 2 && Array.from(name).sort().join('') === Array.from(candidate).sort().join('');
  return edits === 1 || isSwap || (edits === 2 && name.length > 6);
}
