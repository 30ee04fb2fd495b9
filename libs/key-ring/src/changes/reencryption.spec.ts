import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { referenceSealBound } from '../testing/reference-layouts.js';
import { alice, bob, userId } from '../testing/user-id.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { Reencryption, type ReencryptionProgress, type ReencryptionResult } from './reencryption.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';

let fixture: KeyRingFixture;
/** Where commands run. */
let operator: Replica;

const reencrypted = (): Promise<ReencryptionResult> => operator.module.get(Reencryption).run({ rate: 0 });
const rotated = async (): Promise<void> => {
  await operator.module.get(DataKeyRotation).rotate(await operator.module.get(RingChanges).look());
  await operator.keyRing.refresh();
};
const member = (number: number): UserId => userId(`cccccccc-0000-4000-8000-00000000000${number}`);
/** Sealed under a data key that the ring never had. */
const underUnknown = (id: UserId): string => referenceSealBound(randomBytes(32), 99, id, randomBytes(32));
const keep = (id: string, value: string): void => {
  fixture.sql(
    `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause")
     VALUES (?, ?, '2026-01-01 00:00:00', '2026-01-02 00:00:00', 'replaced')`,
    id.toUpperCase(),
    value,
  );
};
const kept = (): string[] =>
  fixture.sql<{ Key: string }>('SELECT "Key" FROM "UserKeyHistory" ORDER BY "Id"').map(({ Key }) => Key);

beforeEach(async () => {
  fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
  // A deadline that is over once two values were looked for, one after the other.
  operator = await fixture.start('auto', undefined, { statementTimeoutSeconds: '2' });
});
afterEach(() => fixture.remove());

it('a run gets past rows of the history that name an unknown data key, while the ring is looked at all the time', async () => {
  const good = operator.keyRing.seal(alice, randomBytes(32)).value;
  await rotated();
  for (const value of [underUnknown(bob), underUnknown(bob)]) keep(bob, value);
  keep(alice, good);
  const before = kept();
  const looking = new AbortController();
  const looks = (async () => {
    while (!looking.signal.aborted) {
      await operator.keyRing.refresh();
      await sleep(5);
    }
  })();
  try {
    expect(await reencrypted()).toEqual({ done: 1, total: 3, unopened: 2, members: [bob] });
  } finally {
    looking.abort();
    await looks;
  }
  expect(kept().slice(0, 2)).toEqual(before.slice(0, 2));
  expect(kept()[2]).toMatch(/^kc2\.2\./);
}, 15_000);

it('a run names all members whose values name an unknown data key, however many stand in one batch', async () => {
  const unknown = [1, 2, 3, 4].map(member);
  fixture.store(operator.keyRing.seal(alice, randomBytes(32)));
  await rotated();
  for (const id of unknown) fixture.store({ id, value: underUnknown(id), dataKeyId: null });
  expect(await reencrypted()).toEqual({ done: 1, total: 5, unopened: 4, members: unknown });
  expect(fixture.stored(alice).value).toMatch(/^kc2\.2\./);
}, 60_000);

it('a run names rows that are nobody’s and leaves them as they are', async () => {
  const { value } = operator.keyRing.seal(alice, randomBytes(32));
  const insert = `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ('no guid', ?, '2026-01-01 00:00:00')`;
  fixture.sql(insert, value);
  keep('nobody', value);
  await rotated();
  const [{ Id: number }] = fixture.sql<{ Id: number }>('SELECT "Id" FROM "UserKeyHistory"') as [{ Id: number }];
  const members = ['the row no guid of UserKeys', `the row ${number} of UserKeyHistory`];
  expect(await reencrypted()).toEqual({ done: 0, total: 2, unopened: 2, members });
  expect(kept()).toEqual([value]);
  expect(fixture.sql('SELECT "Key" FROM "UserKeys"')).toEqual([{ Key: value }]);
});

it('a run that meets a newer data key looks for it, and leaves no value behind', async () => {
  const other = await fixture.start();
  fixture.store(other.keyRing.seal(alice, randomBytes(32)));
  keep(bob, other.keyRing.seal(bob, randomBytes(32)).value);
  await operator.module.get(DataKeyRotation).rotate(await operator.module.get(RingChanges).look());
  await other.keyRing.refresh();
  // This process has not looked since: it goes by the manifest before.
  fixture.store(other.keyRing.seal(bob, randomBytes(32)));
  keep(alice, other.keyRing.seal(alice, randomBytes(32)).value);
  expect(await reencrypted()).toMatchObject({ unopened: 0 });
  expect(operator.keyRing.summary().activeDataKeyId).toBe(2);
  expect(await reencrypted()).toMatchObject({ unopened: 0 });
  for (const value of [fixture.stored(alice).value, fixture.stored(bob).value, ...kept()])
    expect(value).toMatch(/^kc2\.2\./);
});

it('a row of the history is never sealed under a manifest that is not the newest one any more', async () => {
  fixture.store(operator.keyRing.seal(alice, randomBytes(32)));
  keep(alice, operator.keyRing.seal(alice, randomBytes(32)).value);
  await rotated();
  await operator.module.get(DataKeyRotation).rotate(await operator.module.get(RingChanges).look());
  const newest = fixture.manifest();
  fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = ?', newest.version);
  // It comes when the run is done with what is served, and is about to go through the history.
  const onProgress = ({ done }: ReencryptionProgress): void => {
    if (done === 1 && fixture.manifest().version < newest.version) fixture.putManifest(newest);
  };
  expect(await operator.module.get(Reencryption).run({ rate: 0, onProgress })).toMatchObject({ done: 2, unopened: 0 });
  expect(fixture.stored(alice).value).toMatch(/^kc2\.2\./);
  expect(kept()).toEqual([expect.stringMatching(/^kc2\.3\./)]);
});

it('a run names a member whose row holds no value and still needs a data key, and passes over an empty row', async () => {
  fixture.store(operator.keyRing.seal(alice, randomBytes(32)));
  fixture.store(operator.keyRing.seal(bob, randomBytes(32)));
  fixture.sql('UPDATE "UserKeys" SET "Key" = NULL');
  fixture.sql('UPDATE "UserKeys" SET "DataKeyId" = NULL WHERE "Id" = ?', bob.toUpperCase());
  await rotated();
  expect(await reencrypted()).toEqual({ done: 0, total: 1, unopened: 1, members: [alice] });
});
