import { closest } from 'fastest-levenshtein';

import type { KnownSetting } from './catalogue.js';
import { describeSource, type Given, type Source } from './given.js';
import { environmentName, fold, isWithin, printable, settingName } from './names.js';
import { type Problem, settingProblem } from './settings.errors.js';

/** A known setting with the one value that counts. */
export interface Resolved {
  readonly setting: KnownSetting;
  readonly value: string | readonly string[];
  /** The value is the path of a file that holds the secret. */
  readonly byFile: boolean;
  readonly source: Source;
}

/** The values that count, and what is wrong with names and places. */
export interface Resolution {
  readonly values: readonly Resolved[];
  readonly problems: readonly Problem[];
}

/** Finds the setting that each name means, in any case, and for each setting the one value that counts. */
export function resolve(given: readonly Given[], known: readonly KnownSetting[]): Resolution {
  const names = new Map(known.map((setting) => [fold(setting.path), setting]));
  const values: Resolved[] = [];
  const problems: Problem[] = [];
  const candidates = new Map<KnownSetting, Resolved[]>();
  const unknown: Given[] = [];
  for (const one of given) {
    const found = find(one, names);
    if (found === undefined) unknown.push(one);
    else if (!candidates.get(found.setting)?.push(found)) candidates.set(found.setting, [found]);
  }
  for (const all of candidates.values()) {
    const chosen = all.find(({ source }) => source.kind === 'environment') ?? all[0];
    if (chosen === undefined) continue;
    const rule = whyNot(chosen, all);
    if (rule === undefined) values.push(chosen);
    else problems.push(settingProblem(chosen.setting.path, rule, chosen.source));
  }
  return { values, problems: [...problems, ...unknownProblems(unknown, known, names)] };
}

const fileSuffix = '_file';

function find({ path, value, source }: Given, names: ReadonlyMap<string, KnownSetting>): Resolved | undefined {
  const name = fold(path);
  const setting = names.get(name);
  if (setting !== undefined) return { setting, value, byFile: false, source };
  const secret = names.get(withoutSuffix(name));
  return secret?.secret === true ? { setting: secret, value, byFile: true, source } : undefined;
}

/** The name of the setting whose file this would be; no setting's name is empty. */
const withoutSuffix = (name: string): string => (name.endsWith(fileSuffix) ? name.slice(0, -fileSuffix.length) : '');

/** Why the chosen one among all values for a setting does not count; `undefined` when it does. */
function whyNot(chosen: Resolved, all: readonly Resolved[]): string | undefined {
  const { setting, value, byFile, source } = chosen;
  if (all.some((other) => other.byFile !== byFile))
    return `is given both as itself and as ${environmentName(setting.path)}_FILE; keep one`;
  const equals = all.filter((other) => other.source.kind === source.kind);
  if (equals.length > 1) {
    const places = equals.map((equal) => describeSource(equal.source)).sort();
    const more = places.length > 3 ? ` and ${places.length - 3} more` : '';
    return `is given more than once: ${places.slice(0, 3).join(' and ')}${more}; keep one`;
  }
  return typeof value !== 'string' && !setting.list ? 'must be one value, not a list' : undefined;
}

/** Each is answered with the nearest of all known names, which takes time: a whole file of them is only counted. */
const maxUnknown = 20;

function unknownProblems(
  unknown: readonly Given[],
  known: readonly KnownSetting[],
  names: ReadonlyMap<string, KnownSetting>,
): Problem[] {
  const problems = unknown.slice(0, maxUnknown).map(({ path, source }): Problem => ({
    name: printable(path),
    rule: names.has(withoutSuffix(fold(path)))
      ? 'is not a secret, so it cannot be given as a file'
      : whyUnknown(path, known),
    where: describeSource(source),
  }));
  const next = unknown[maxUnknown];
  if (next !== undefined) {
    const rule = `are unknown in ${unknown.length - maxUnknown} places more; is this a file of settings?`;
    problems.push({ name: 'names', rule, where: `from ${describeSource(next.source)} on` });
  }
  return problems;
}

function whyUnknown(path: readonly string[], known: readonly KnownSetting[]): string {
  if (fold(path) === '' || known.some((setting) => isWithin(path, setting.path)))
    return 'is a group of settings and takes no value of its own';
  const open = known.find((setting) => setting.open && isWithin(setting.path, path));
  if (open) return `belongs to a package, and ${settingName(open.path.with(-1, 'provider'))} does not name one`;
  return `is not a known setting; did you mean ${nearestName(path, known)}?`;
}

/** The environment name of the known setting that takes the fewest edits to reach, whatever the case. */
function nearestName(path: readonly string[], known: readonly KnownSetting[]): string {
  const byName = new Map(known.map((setting) => [fold(setting.path), setting.path]));
  return environmentName(byName.get(closest(fold(path), [...byName.keys()])) ?? []);
}
