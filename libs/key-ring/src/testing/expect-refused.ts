import { expect } from '@jest/globals';
import type { KeyRingFixture } from './key-ring.fixture.js';

/** Expects a start to be refused with this error, and to leave everything as it was. */
export async function expectRefused(
  fixture: KeyRingFixture,
  error: object,
  ...parameters: Parameters<KeyRingFixture['replica']>
): Promise<void> {
  const replica = await fixture.replica(...parameters);
  const before = fixture.contents();
  await expect(replica.load()).rejects.toMatchObject(error);
  expect(fixture.contents()).toEqual(before);
  expect(replica.keyRing.loaded).toBe(false);
}
