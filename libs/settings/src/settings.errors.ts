import { KeyConnectorError } from '@key-connector/common';
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

/** More lines than a person reads: a file that was taken for the settings by mistake can make thousands. */
const maxLines = 50;

/** By name, then by place, so that line 9 comes before line 10. */
const order = new Intl.Collator('en', { numeric: true });

/** The settings cannot be used; the message has one line for each problem, 50 at most, and never a value. */
export class SettingsInvalid extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor(readonly problems: readonly Problem[]) {
    const sorted = [...problems].sort((a, b) => order.compare(a.name, b.name) || order.compare(a.where, b.where));
    const lines = [...new Set(sorted.map(({ name, rule, where }) => `  ${name}: ${rule} (${where})`))];
    const more = lines.length - maxLines;
    const told = more > 0 ? [...lines.slice(0, maxLines), `  … and ${more} more`] : lines;
    super(`${lines.length === 1 ? '1 problem' : `${lines.length} problems`} in the settings:\n${told.join('\n')}`);
  }
}
