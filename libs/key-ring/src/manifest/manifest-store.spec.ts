import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '@key-connector/database';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { ManifestStore } from './manifest-store.js';

describe('a row of RingManifests that is deleted', () => {
  let fixture: KeyRingFixture;
  let replica: Replica;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create();
    replica = await fixture.start();
  });
  afterEach(() => fixture.remove());

  const insert = (version: unknown, signature: unknown): void => {
    fixture.sql(`INSERT INTO "RingManifests" VALUES (?, '{}', ?, '2026-01-01 00:00:00')`, version, signature);
  };
  /** Judges what stands above the ring's manifest, and deletes it once this was done meanwhile. */
  const removeAfter = (meanwhile: () => void): Promise<void> => {
    const store = replica.module.get(ManifestStore);
    return replica.module.get(Database).read(async ({ manager }) => {
      const rows = await store.above(manager, 1, 16);
      meanwhile();
      await store.remove(manager, rows);
    });
  };
  const left = (): unknown[] => fixture.manifests().map(({ version }) => version);

  it.each([
    ['text', 2, 'A'.repeat(88)],
    ['nothing', 2, ''],
    ['the letters of a signature as bytes', 2, Buffer.from(randomBytes(66).toString('base64'))],
    ['64 MB', 2, 'A'.repeat(64 * 1024 * 1024)],
    ['a version of 64 bits', 2n ** 53n, 'A'.repeat(88)],
  ])('goes where it holds %s', async (_, version, signature) => {
    insert(version, signature);
    await removeAfter(() => undefined);

    expect(left()).toEqual([1]);
  });

  it.each([
    ['text', 'B'.repeat(88)],
    ['bytes', Buffer.alloc(88)],
    ['64 MB', 'A'.repeat(64 * 1024 * 1024)],
  ])(
    'is not the manifest that another operator has put in the place of one with %s meanwhile',
    async (_, signature) => {
      insert(2, signature);
      await removeAfter(() => {
        fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 2');
        insert(2, 'A'.repeat(88));
      });

      expect(left()).toEqual([1, 2]);
    },
  );
});
