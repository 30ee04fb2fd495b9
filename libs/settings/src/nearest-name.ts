import { closest } from 'fastest-levenshtein';

import { environmentName, fold } from './names.js';

/** The environment name of the known setting that takes the fewest edits to reach, whatever the case. */
export function nearestName(path: readonly string[], known: readonly (readonly string[])[]): string {
  const byName = new Map(known.map((candidate) => [fold(candidate), candidate]));
  return environmentName(byName.get(closest(fold(path), [...byName.keys()])) ?? []);
}
