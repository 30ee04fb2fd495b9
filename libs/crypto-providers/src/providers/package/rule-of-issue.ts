import type { LoadedModule } from './load-module.js';
import { descriptionOf, isSecret } from './settings-fields.js';

/** What was given for the settings of a package, by name. */
export type GivenSettings = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Text of a value that is not secret, and this short, says little: `must be at least 10` may stand beside the value 1. */
const harmlessLength = 3;

/** What a package's schema asks of a setting, without the values that some libraries repeat. */
export function ruleOfIssue(
  { name: packageName, fields }: LoadedModule,
  given: GivenSettings,
  setting: string,
  message: string,
): string {
  const field = fields[setting];
  if (field !== undefined && given[setting] === undefined) return `is required: ${descriptionOf(field)}`;
  const repeats = Object.entries(given).some(([name, value = []]) => {
    const least = isSecret(fields[name]) ? 0 : harmlessLength;
    return [value].flat().some((text) => text.length > least && message.includes(text));
  });
  if (repeats) return `is not what ${packageName} accepts; its message repeats a value, so it is not shown`;
  return message.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
