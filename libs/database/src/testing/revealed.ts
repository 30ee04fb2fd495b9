import { Secret } from '@key-connector/common';

/** A connection with the text of its secrets, for comparisons: to jest two secrets are equal, whatever they hold. */
export const revealed = (connection: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(connection).map(([key, value]: [string, unknown]) => [
      key,
      value instanceof Secret ? value.reveal() : value,
    ]),
  );
