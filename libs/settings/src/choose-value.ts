import { describeSource, type Source } from './given.js';
import type { KnownSetting } from './known-setting.js';
import type { Match } from './match-name.js';
import { environmentName } from './names.js';
import { type Problem, settingProblem } from './problem.js';
import { FileUnreadable } from './text-file.js';
import { readSecretFile } from './secret-file.js';

/** A known setting with the one value that counts. */
export interface Resolved {
  readonly setting: KnownSetting;
  readonly value: string | readonly string[];
  readonly source: Source;
}

/** Picks the value that counts among all that were given for one setting: the environment's over the file's. */
export function chooseValue(candidates: readonly [Match, ...Match[]]): Resolved | Problem {
  const chosen = candidates.find(({ given }) => given.source.kind === 'environment') ?? candidates[0];
  const { setting, given, byFile } = chosen;
  const refuse = (rule: string): Problem => settingProblem(setting.path, rule, given.source);

  if (candidates.some((other) => other.byFile !== byFile)) {
    return refuse(`is given both as itself and as ${environmentName(setting.path)}_FILE; keep one`);
  }
  const equals = candidates.filter((other) => other.given.source.kind === given.source.kind);
  if (equals.length > 1) {
    const places = equals.map((equal) => describeSource(equal.given.source)).sort();
    return refuse(`is given more than once: ${places.join(' and ')}; keep one`);
  }
  if (typeof given.value !== 'string' && !setting.list) return refuse('must be one value, not a list');

  if (!byFile) return { setting, value: given.value, source: given.source };
  try {
    return { setting, value: readSecretFile(String(given.value).trim()), source: given.source };
  } catch (error) {
    if (!(error instanceof FileUnreadable)) throw error;
    return refuse(`cannot be read: ${error.message}`);
  }
}
