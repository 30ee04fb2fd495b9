import { chooseValue, type Resolved } from './choose-value.js';
import type { Given } from './given.js';
import type { KnownSetting } from './known-setting.js';
import { type Match, nameMatcher } from './match-name.js';
import { partition, type Problem } from './problem.js';

/** The values that count, and what is wrong with names and sources. */
export interface Resolution {
  readonly values: readonly Resolved[];
  readonly problems: readonly Problem[];
}

/** Finds the setting that each name means, and for each setting the one value that counts. */
export function resolve(given: readonly Given[], known: readonly KnownSetting[]): Resolution {
  const named = partition(given.map(nameMatcher(known)));
  const chosen = partition([...bySetting(named.good).values()].map(chooseValue));
  return { values: chosen.good, problems: [...named.problems, ...chosen.problems] };
}

function bySetting(matches: readonly Match[]): Map<KnownSetting, [Match, ...Match[]]> {
  const groups = new Map<KnownSetting, [Match, ...Match[]]>();
  for (const match of matches) {
    const group = groups.get(match.setting);
    if (group) group.push(match);
    else groups.set(match.setting, [match]);
  }
  return groups;
}
