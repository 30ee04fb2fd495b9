/** A connection string that cannot be used; the message names keys and rules, never a value. */
export class ConnectionStringError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
    this.name = ConnectionStringError.name;
  }
}
