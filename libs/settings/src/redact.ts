import type { Settings } from './settings.js';

const mask = '***';

/** Ends of the names that hold something secret, in every slice's output. */
const secretName = /(password|passphrase|secret|token|pin|connectionString)$/i;

/** The password of a URL: `https://user:password@host`. */
const urlPassword = /^([a-z][a-z\d+.-]*:\/\/[^:/?#]*):.*@/i;

/** The settings as they may be printed: every secret is `***`. */
export const redact = (settings: Settings): unknown => redactValue('', settings);

function redactValue(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (secretName.test(name)) return mask;
  if (typeof value === 'string') return value.replace(urlPassword, `$1:${mask}@`);
  if (Array.isArray(value)) return value.map((entry) => redactValue(name, entry));
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redactValue(key, member)]));
}
