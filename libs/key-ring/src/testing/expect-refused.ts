import { expect } from '@jest/globals';
import type { KeyRingFixture } from './key-ring-fixture.js';

/**
 * Expects a start to be refused with this error, and to leave everything as it was.
 *
 * The database is migrated before, and that is all: the start that is refused is the first one to look at its keys.
 */
export async function expectRefused(
  fixture: KeyRingFixture,
  error: object,
  ...parameters: Parameters<KeyRingFixture['replica']>
): Promise<void> {
  const replica = await fixture.replica(...parameters);
  await replica.connect();
  const before = fixture.contents();
  await expect(replica.keyRing.load()).rejects.toMatchObject(error);
  expect(fixture.contents()).toEqual(before);
  expect(replica.keyRing.loaded).toBe(false);
}
