import { Secret } from '@key-connector/common';

/** A copy with the text of every secret in its place, so that a test sees which text went where. */
export function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revealed(member)]));
}
