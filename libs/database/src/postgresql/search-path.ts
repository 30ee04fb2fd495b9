/** One name of a list, in quotes or not, and what ends it. */
const listed = /\s*(?:"((?:[^"]|"")*)"|([^\s,"]+))\s*(,|$)/y;

/**
 * The schemas that a search path names, in order, as PostgreSQL reads a list of identifiers: lower case without quotes,
 * as it is with them. `$user` stays as it is.
 */
export function schemasOf(path: string): string[] {
  const names: string[] = [];
  if (path.trim() === '') return names;
  listed.lastIndex = 0;
  for (;;) {
    // What cannot be read as a list is one name.
    const [quoted, plain = '', end] = listed.exec(path)?.slice(1) ?? [undefined, path];
    names.push(quoted === undefined ? lowered(plain) : quoted.replaceAll('""', '"'));
    if (end !== ',') return names;
  }
}

/**
 * Parameters that libpq's `options` set, by name: `-c name=value`, `-cname=value`, `--name=value`; the last one counts.
 */
export function parametersOf(options: string): Map<string, string> {
  const words = Array.from(options.matchAll(/(?:\\.|[^\s\\])+/gs), ([word]) => word.replaceAll(/\\(.)/gs, '$1'));
  const parameters = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const given = word.startsWith('--') ? word.slice(2) : word === '-c' ? words[index + 1] : /^-c(.+)/s.exec(word)?.[1];
    const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(given ?? '') ?? [];
    if (name !== undefined && value !== undefined) parameters.set(lowered(name).replaceAll('-', '_'), value);
  }
  return parameters;
}

/** PostgreSQL folds letters of ASCII only. */
const lowered = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * Whether new tables go where a search path says: into the first schema that it names. A user's own schema is used
 * where there is one, so `"$user"` may be passed over; no other may, be it missing or not for this login.
 */
export function leadsTo(schema: string | null, names: readonly string[], user: string): boolean {
  for (const name of names) {
    if (name === 'pg_temp') continue;
    if (name !== '$user') return name === schema;
    if (user === schema) return true;
  }
  return false;
}
