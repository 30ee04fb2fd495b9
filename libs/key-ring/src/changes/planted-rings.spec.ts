import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UserKeyRows } from '@key-connector/database';
import type { Manifest } from '../manifest/manifest.js';
import { RingLook } from '../ring-look.js';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { MadeRing } from '../testing/made-ring.js';
import { referenceSealBound } from '../testing/reference-layouts.js';
import { alice, bob, userId } from '../testing/user-id.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { RecoveryRestore } from './recovery-restore.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';

/** He writes the database, has the public key, and waits for an operator. */
describe('a command, after someone wrote into the tables of the ring,', () => {
  let fixture: KeyRingFixture;
  let operator: Replica;
  let ring: string;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
    operator = await fixture.start();
    ring = operator.keyRing.summary().ringIdentity;
    fixture.store(operator.keyRing.seal(alice, randomBytes(32)));
  });
  afterEach(() => fixture.remove());

  const look = ({ module }: Replica) => module.get(RingChanges).look();
  const connected = async (): Promise<Replica> => {
    const replica = await fixture.replica();
    await replica.connect();
    return replica;
  };
  /** What every command begins with, a restore, and what doctor says of a start. */
  const expectRefused = async (message: string, code = 'RING_REFUSED'): Promise<void> => {
    const replica = await connected();
    const refusal = { code, message: expect.stringContaining(message) };
    await expect(look(replica)).rejects.toMatchObject(refusal);
    expect(await replica.module.get(RingLook).open()).toMatchObject({ fault: refusal.message, open: undefined });
  };
  const expectRestoreRefused = async (message: string): Promise<void> => {
    const restored = (await connected()).module.get(RecoveryRestore).look();
    await expect(restored).rejects.toMatchObject({ code: 'RING_REFUSED', message: expect.stringContaining(message) });
  };
  /** A ring of his own, which lists the configured key-encryption key and a data key that he knows. */
  const plant = async (version: number): Promise<string> => {
    const genuine = JSON.parse(fixture.manifest().document) as Manifest;
    const [thief, stolen] = [MadeRing.of(), randomBytes(32)];
    await fixture.putDataKey(operator, 7, stolen);
    const { ring: fingerprint, publicKey } = thief.manifest();
    const dataKeys = [thief.dataKey(7, stolen)];
    fixture.putManifest(thief.row({ ...genuine, ring: fingerprint, publicKey, version, activeDataKeyId: 7, dataKeys }));
    return fingerprint;
  };

  it('goes on with no version below the least of the pin', async () => {
    await operator.module.get(DataKeyRotation).rotate(await look(operator));
    fixture.pins = [`${ring}@2`];
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" > 1');
    await expectRefused('asks for version 2');
    await expectRestoreRefused('asks for version 2');
  });

  it('signs nothing above a version below the least of the pin that was put back while it was at work', async () => {
    const first = fixture.manifest();
    await operator.module.get(DataKeyRotation).rotate(await look(operator));
    fixture.pins = [`${ring}@2`];
    const replica = await connected();
    const seen = await look(replica);
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" > 1');
    await expect(replica.module.get(DataKeyRotation).rotate(seen)).rejects.toMatchObject({ code: 'RING_REFUSED' });
    expect(fixture.manifests()).toEqual([first]);
  });

  it('takes none of several rings for ours without a pin, however high, and names them all', async () => {
    const thief = await plant(900);
    await expectRefused(`several rings: ${thief}, ${ring}`);
    await expectRestoreRefused(`several rings: ${thief}, ${ring}`);
    fixture.pins = [ring];
    expect((await look(await connected())).held.identity.fingerprint).toBe(ring);
  });

  it('takes a ring that is there alone for ours only where values need none but its data keys, or it is pinned', async () => {
    const genuine = fixture.manifest();
    await plant(2);
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 1');
    await expectRefused('data keys that this ring has not');
    fixture.sql('DELETE FROM "RingManifests"');
    fixture.putManifest(genuine);
    expect((await look(await connected())).held.version).toBe(1);
  });

  it('takes a ring whose data key has the id of the genuine one for ours only where it opens most values', async () => {
    for (let member = 1; member <= 16; member += 1)
      fixture.store(operator.keyRing.seal(userId(`00000000-0000-4000-8000-0000000000${10 + member}`), randomBytes(32)));
    const genuine = JSON.parse(fixture.manifest().document) as Manifest;
    const [thief, stolen] = [MadeRing.of(), randomBytes(32)];
    for (const table of ['DataKeys" WHERE "Id', 'DataKeyWrappings" WHERE "DataKeyId', 'RingManifests" WHERE "Version'])
      fixture.sql(`DELETE FROM "${table}" = 1`);
    await fixture.putDataKey(operator, 1, stolen);
    const { ring: fingerprint, publicKey } = thief.manifest();
    const dataKeys = [thief.dataKey(1, stolen)];
    fixture.putManifest(thief.row({ ...genuine, ring: fingerprint, publicKey, dataKeys }));
    for (let member = 1; member <= 8; member += 1) {
      const id = userId(`10000000-0000-4000-8000-00000000000${member}`);
      fixture.store({ id, value: referenceSealBound(stolen, 1, id, randomBytes(32)), dataKeyId: 1 });
      fixture.sql(`UPDATE "UserKeys" SET "CreationDate" = '2027-01-01' WHERE "Id" = ?`, id.toUpperCase());
    }
    await expectRefused('user keys picked at random', 'DATA_KEY_UNREADABLE');
    fixture.pins = [fingerprint];
    expect((await look(await connected())).held.identity.fingerprint).toBe(fingerprint);
  });

  it.each([
    ['looks', async (replica: Replica) => (await look(replica)).held.version],
    [
      'loads the ring',
      async ({ keyRing }: Replica) => {
        await keyRing.load();
        return keyRing.summary().manifestVersion;
      },
    ],
  ])('takes no value for planted whose data key comes while it %s: it does so anew', async (_, versionOf) => {
    const replica = await connected();
    const rows = replica.module.get(UserKeyRows, { strict: false });
    jest.spyOn(rows, 'beginnings').mockImplementationOnce(async function* (...given) {
      await operator.module.get(DataKeyRotation).rotate(await look(operator));
      await operator.keyRing.refresh();
      fixture.store(operator.keyRing.seal(bob, randomBytes(32)));
      yield* rows.beginnings(...given);
    });
    expect(await versionOf(replica)).toBe(2);
  });

  it('names the other rings where there is nothing of the pinned one', async () => {
    const thief = await plant(2);
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 1');
    fixture.pins = [ring];
    await expectRefused(thief);
    await expectRestoreRefused(thief);
  });
});
