import { describeSource, type Source } from './given.js';
import { environmentName, settingName } from './names.js';

/** One thing that is wrong with the settings; never holds a value. */
export interface Problem {
  /** The setting's name; where there is none, what else is meant. */
  readonly name: string;
  /** What is asked of it: "must be a whole number". */
  readonly rule: string;
  /** Where it was given, or could be. */
  readonly where: string;
}

/** A problem with a known setting, given or not. */
export function settingProblem(path: readonly string[], rule: string, source?: Source): Problem {
  const name = environmentName(path);
  const where =
    source?.kind === 'environment'
      ? describeSource(source)
      : `${source ? describeSource(source) : 'not given'}; environment name: ${name}`;
  return { name: settingName(path), rule, where };
}

/** Parts what went well from the problems. */
export function partition<T extends object>(results: readonly (T | Problem)[]): { good: T[]; problems: Problem[] } {
  const isProblem = (result: T | Problem): result is Problem => 'rule' in result;
  return {
    good: results.filter((result): result is T => !isProblem(result)),
    problems: results.filter(isProblem),
  };
}
