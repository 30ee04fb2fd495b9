import type { Resolved } from './choose-value.js';
import { settingName } from './names.js';
import { type Problem, settingProblem } from './problem.js';

/** Rules that tie settings of different slices together; they ask what was given, right or wrong. */
export function crossSliceProblems(values: readonly Resolved[]): Problem[] {
  const names = new Set(values.map(({ setting }) => settingName(setting.path)));
  const signersKnown =
    names.has('identityServerUri') ||
    (names.has('auth__issuer') && (names.has('auth__jwksUri') || names.has('auth__publicKeyPath')));
  return signersKnown
    ? []
    : [
        settingProblem(
          ['identityServerUri'],
          'is required, unless auth__issuer is given with auth__jwksUri or auth__publicKeyPath',
        ),
      ];
}
