import type { Resolved } from './choose-value.js';
import { type Problem, settingProblem } from './problem.js';

/** Checks each value by its own field, so that one wrong value hides no other. */
export function checkValues(values: readonly Resolved[]): { right: Resolved[]; problems: Problem[] } {
  const results = values.map((value) => ({ value, problems: problemsOf(value) }));
  return {
    right: results.filter(({ problems }) => problems.length === 0).map(({ value }) => value),
    problems: results.flatMap(({ problems }) => problems),
  };
}

function problemsOf({ setting, value, source }: Resolved): Problem[] {
  const { error } = setting.field.safeParse(value);
  const hint = source.kind === 'environment' && isQuoted(value) ? '; the quotes around it are part of the value' : '';
  return (error?.issues ?? []).map(({ message }) => settingProblem(setting.path, message + hint, source));
}

/** A shell takes quotes away, a container's env file does not. */
const isQuoted = (value: Resolved['value']): boolean => typeof value === 'string' && /^(["']).*\1$/s.test(value.trim());
