import { type ErrorCode, KeyConnectorError } from '@key-connector/common';
import { CommanderError } from 'commander';
import { CommandFailed } from './command.errors.js';
import { exitCodes, type FailureKind } from './exit-codes.js';

/** The kinds of what the rooms throw; one that is not here is `failed`. */
const kinds: Partial<Record<ErrorCode, FailureKind>> = {
  SETTINGS_INVALID: 'settings',
  DATABASE_READ_ONLY: 'database',
  DATABASE_SCHEMA_NEWER: 'database',
  DATABASE_SESSION_WRONG: 'database',
  DATABASE_UNAVAILABLE: 'database',
  DATABASE_UNEXPECTED: 'database',
  DATABASE_UNSUPPORTED: 'database',
  KEY_PROVIDER_MISCONFIGURED: 'key provider',
  KEY_PROVIDER_UNAVAILABLE: 'key provider',
  IMPORT_REFUSED: 'refused',
  LAYOUT_GUARD_DENIED: 'refused',
  RECOVERY_KEY_UNUSABLE: 'refused',
  RING_CHANGE_REFUSED: 'refused',
  RING_CHANGED: 'refused',
  RING_REFUSED: 'refused',
  RING_UNUSABLE: 'refused',
  MEMBER_UNKNOWN: 'refused',
  REPLACED_KEY_REFUSED: 'refused',
  DATA_KEY_LOST: 'damaged',
  DATA_KEY_UNREADABLE: 'damaged',
  RECOVERY_SHARES_REFUSED: 'damaged',
  USER_KEY_UNREADABLE: 'damaged',
};

/** How a command failed, as `--json` prints it. */
export interface Failure {
  readonly kind: FailureKind;
  readonly exitCode: number;
  /** Stable, in capitals. */
  readonly code: string;
  readonly message: string;
}

/** What a command threw, for its operator. Only a bug of ours comes with a stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailed) return failure(error.kind, error.code, error.message);
  if (error instanceof KeyConnectorError) return failure(kinds[error.code] ?? 'failed', error.code, error.message);
  // commander has said it already, with the usage.
  if (error instanceof CommanderError) return failure('usage', 'USAGE', error.message.replace(/^error: /, ''));
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return failure('failed', 'INTERNAL', message);
}

const failure = (kind: FailureKind, code: string, message: string): Failure => ({
  kind,
  exitCode: exitCodes[kind],
  code,
  message,
});
