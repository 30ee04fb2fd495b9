import { KeyConnectorError } from '@key-connector/common';

/** What a command that failed says on standard error; its exit code is 1. Only a bug of ours comes with a stack. */
export function reportFailure(error: unknown): void {
  const expected = error instanceof KeyConnectorError;
  const text = expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
