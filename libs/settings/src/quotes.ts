import { describeSource, type Source } from './given.js';
import { settingName } from './names.js';
import type { Resolved } from './resolve.js';

/** A shell takes quotes away, a container's env file does not. */
const isQuoted = (value: Resolved['value']): boolean => typeof value === 'string' && /^(["']).*\1$/s.test(value.trim());

/** What to add to a rule that a value breaks; nothing where quotes are not to blame. */
export const whatQuotesMean = (value: Resolved['value'], source: Source): string =>
  source.kind === 'environment' && isQuoted(value) ? '; the quotes around it are part of the value' : '';

/** Remarks on a secret that may be right, but looks as if its env file or editor had added something. */
export function remarkOn({ setting, value, source }: Resolved): string[] {
  if (!setting.secret || typeof value !== 'string') return [];
  const remarks = [
    ...(source.kind === 'environment' && isQuoted(value) ? ['the quotes around it are part of the value'] : []),
    ...(/[\r\n]$/.test(value) ? ['the line end behind it is part of the value'] : []),
  ];
  return remarks.map((remark) => `${settingName(setting.path)}: ${remark} (${describeSource(source)}).`);
}
