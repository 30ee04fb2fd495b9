import type { DeclaredErrorCode } from 'key-connector/key-provider';

/** An error that Key Connector knows by its code; it shows the message to operators. */
export class DeclaredError extends Error {
  constructor(
    readonly code: DeclaredErrorCode,
    message: string,
  ) {
    super(message);
  }
}
