import { driverErrorOf } from '../errors/driver-error.js';
import type { Failure } from '../errors/failure.js';

/** What an error of better-sqlite3 means; `undefined` when it is none of its own. */
export function sqliteFailureOf(error: unknown): Failure | undefined {
  const { code = '', message } = driverErrorOf(error) ?? { message: '' };
  if (message === 'The database connection is not open') return 'unavailable';
  if (!code.startsWith('SQLITE_')) return undefined;
  // Result codes: https://sqlite.org/rescode.html; extended codes begin with their primary code's name.
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'busy';
  if (/^SQLITE_(READONLY|FULL)/.test(code)) return 'read-only';
  return /^SQLITE_(CONSTRAINT|MISMATCH|RANGE|MISUSE|TOOBIG)/.test(code) ? undefined : 'unavailable';
}
