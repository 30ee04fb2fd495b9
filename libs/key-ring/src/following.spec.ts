import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable, type RingFence } from '@key-connector/database';
import { KeyProvider, KeyProviderUnavailable } from '@key-connector/crypto-providers';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Manifest } from './manifest/manifest.js';
import { RingUnusable } from './key-ring.errors.js';
import { RingGauges } from './ring-gauges.js';
import type { ManifestRow } from './manifest/succession.js';
import { failuresOf, KeyRingFixture, refusalsOf, type Replica } from './testing/key-ring-fixture.js';
import { MadeRing } from './testing/made-ring.js';
import { referenceSealBound, referenceSealClassic } from './testing/reference-layouts.js';
import { alice, bob } from './testing/user-id.js';

/** He writes the database and has the public key: he wraps what he likes, and opens and signs nothing. */
describe('a replica that serves, while someone writes into the tables of the ring,', () => {
  let fixture: KeyRingFixture;
  let replica: Replica;
  let ring: MadeRing;
  let first: ManifestRow;
  const key = randomBytes(32);
  const stolen = randomBytes(32);
  beforeEach(async () => {
    fixture = await KeyRingFixture.create();
    replica = await fixture.start();
    ring = await fixture.operator(replica);
    first = fixture.manifest();
  });
  afterEach(() => fixture.remove());

  const look = (): Promise<void> => replica.keyRing.refresh();
  const fence = (): RingFence => replica.keyRing.sealer().fence;
  const dataKeys = (): Manifest['dataKeys'] => (JSON.parse(first.document) as Manifest).dataKeys;
  /** A row of his own that names this data key: reading it makes the replica look. */
  const provoke = (id: number): Promise<unknown> =>
    replica.keyRing.open({ id: bob, value: referenceSealBound(stolen, id, bob, key), dataKeyId: id }).then(
      () => 'opened',
      (error: unknown) => error,
    );
  const wrapAnew = async (bytes: Buffer): Promise<void> => {
    fixture.sql('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = 1');
    fixture.sql('DELETE FROM "DataKeys" WHERE "Id" = 1');
    await fixture.putDataKey(replica, 1, bytes);
  };

  it.each([0, 2, 2_147_483_647])('neither reads nor writes under data key %i, which he wrapped', async (id) => {
    const before = fence();
    await fixture.putDataKey(replica, id, stolen);
    expect(await provoke(id)).toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    await look();
    expect(replica.keyRing.seal(alice, key)).toMatchObject({ dataKeyId: 1, value: expect.stringMatching(/^kc2\.1\./) });
    expect(fence()).toEqual(before);
    expect(await refusalsOf(replica)).toEqual({ data_key_unnamed: 1 });
  });

  it('lives on when the database goes away just behind a new manifest', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    try {
      jest.spyOn(replica.module.get(RingGauges), 'hold').mockRejectedValueOnce(new DatabaseUnavailable('away'));
      const second = ring.next(first);
      fixture.putManifest(second);
      await look();
      await sleep(0);
      expect(fence().version).toBe(2);
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('does not bring the classic layout back with a classic data key of his', async () => {
    await fixture.putDataKey(replica, 0, stolen);
    await look();
    const classic = { id: alice, value: referenceSealClassic(stolen, key), dataKeyId: null };
    await expect(replica.keyRing.open(classic)).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    expect(replica.keyRing.summary().layout).toBe('boundOnly');
  });

  it('keeps the secret of a data key in memory, and tells once that a start would find another one', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    await wrapAnew(stolen);
    await provoke(9);
    await provoke(9);
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    expect(await provoke(1)).toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    expect(await refusalsOf(replica)).toEqual({ data_key_unreadable: 1 });
  });

  it('gives up no data key that was deleted or damaged, and tells it', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?', randomBytes(256).toString('base64'));
    await provoke(9);
    fixture.sql('DELETE FROM "DataKeyWrappings"');
    fixture.sql('DELETE FROM "DataKeys"');
    await provoke(9);
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    expect(await refusalsOf(replica)).toEqual({ data_key_unreadable: 1 });
  });

  it.each<[string, (made: MadeRing) => ManifestRow, string]>([
    ['of another ring, with copies of the genuine checks', () => MadeRing.of().next(first), 'manifest_unsigned'],
    [
      'signed by a leaked data key',
      () => {
        const thief = MadeRing.of(stolen);
        return { ...ring.next(first), signature: thief.row(ring.next(first).document).signature };
      },
      'manifest_unsigned',
    ],
    [
      'at version 2147483647',
      () => ({ version: 2_147_483_647, document: '{}', signature: 'AA==' }),
      'manifest_unsigned',
    ],
    ['of before, at version 2147483647', () => ({ ...first, version: 2_147_483_647 }), 'manifest_out_of_order'],
    ['of before, at the next version', () => ({ ...first, version: 2 }), 'manifest_out_of_order'],
  ])('passes over a manifest %s: told once, audited, named in the fence', async (_, made, reason) => {
    const row = made(ring);
    fixture.putManifest(row);
    await look();
    await look();
    expect(fence()).toEqual({
      version: 1,
      signature: first.signature,
      passedOver: [{ version: row.version, signature: row.signature }],
    });
    expect(replica.keyRing.seal(alice, key).dataKeyId).toBe(1);
    expect(await refusalsOf(replica)).toEqual({ [reason]: 1 });
  });

  it('takes the operator’s manifest in the place of one that was passed over', async () => {
    fixture.putManifest(MadeRing.of().next(first));
    await look();
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 2');
    const second = ring.next(first);
    fixture.putManifest(second);
    await look();
    expect(fence()).toEqual({ version: 2, signature: second.signature, passedOver: [] });
  });

  it('writes nothing among more rows than a fence can name, and goes on when they are gone', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    for (let version = 2; version <= 18; version += 1) fixture.putManifest({ ...first, version });
    await look();
    expect(fence).toThrow(RingUnusable);
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 9');
    await look();
    expect(fence().passedOver).toHaveLength(16);
  });

  it('writes nothing beside a row that no statement can name', async () => {
    fixture.sql(`INSERT INTO "RingManifests" VALUES (5, '', ?, '')`, 'A'.repeat(10_000_000));
    await look();
    expect(fence).toThrow('versions 5');
  });

  it('holds still among a million rows that are no manifest', async () => {
    fixture.sql(
      `INSERT INTO "RingManifests" WITH RECURSIVE n(v) AS (SELECT 2 UNION ALL SELECT v + 1 FROM n LIMIT 1000000) SELECT v, '', '', '' FROM n`,
    );
    const before = performance.now();
    await look();
    expect(fence).toThrow(RingUnusable);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it('writes nothing while its manifest is gone', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    const second = ring.next(first);
    fixture.putManifest(second);
    await look();
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 2');
    await look();
    await look();
    expect(fence).toThrow('not in the database any more');
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    expect(await refusalsOf(replica)).toEqual({ manifest_gone: 1 });
    fixture.putManifest(second);
    await look();
    expect(fence().version).toBe(2);
  });

  it('writes nothing once its manifest is another one, whatever comes after, until it is started again', async () => {
    const [second, other] = [ring.next(first), ring.next(first, { layout: 'bound' })];
    fixture.putManifest(second);
    await look();
    fixture.sql(
      'UPDATE "RingManifests" SET "Document" = ?, "Signature" = ? WHERE "Version" = 2',
      other.document,
      other.signature,
    );
    await look();
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 2');
    fixture.putManifest(second);
    await look();
    expect(fence).toThrow('restart');
    expect(await refusalsOf(replica)).toEqual({ manifest_replaced: 1 });
    expect((await fixture.start()).keyRing.sealer().fence.version).toBe(2);
  });

  it('writes nothing where an older manifest is put back with wrappings made anew', async () => {
    const second = ring.next(first);
    fixture.putManifest(second);
    await look();
    fixture.sql('DELETE FROM "RingManifests" WHERE "Version" = 2');
    await wrapAnew(stolen);
    await look();
    expect(fence).toThrow(RingUnusable);
    expect(await provoke(1)).toMatchObject({ code: 'USER_KEY_UNREADABLE' });
  });

  it('writes nothing under a manifest of a form that it does not know, and reads on', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    fixture.putManifest(ring.row(ring.next(first).document.replace('"format":1', '"format":2'), 2));
    await look();
    expect(fence).toThrow('does not know');
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    expect(await refusalsOf(replica)).toEqual({ manifest_unreadable: 1 });
  });

  it('writes nothing beside a version of its ring that it cannot reach: others may write under that', async () => {
    fixture.putManifest(ring.next(ring.next(first)));
    await look();
    expect(fence).toThrow('does not follow');
    expect(await refusalsOf(replica)).toEqual({ manifest_out_of_reach: 1 });
  });

  it('writes nothing under a manifest whose data key is not the one that it names, until it is', async () => {
    const bytes = randomBytes(32);
    await fixture.putDataKey(replica, 2, stolen);
    fixture.putManifest(ring.next(first, { activeDataKeyId: 2, dataKeys: [...dataKeys(), ring.dataKey(2, bytes)] }));
    await look();
    expect(fence).toThrow(RingUnusable);
    expect(await provoke(2)).toMatchObject({ code: 'RING_UNUSABLE' });
    fixture.sql('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = 2');
    fixture.sql('DELETE FROM "DataKeys" WHERE "Id" = 2');
    await fixture.putDataKey(replica, 2, bytes);
    await look();
    expect(replica.keyRing.seal(alice, key).dataKeyId).toBe(2);
  });

  it('writes nothing while the provider is away that a new data key needs', async () => {
    const bytes = randomBytes(32);
    const unwrap = jest.spyOn(await replica.module.get(KeyProvider).open(), 'unwrap');
    await fixture.putDataKey(replica, 2, bytes);
    fixture.putManifest(ring.next(first, { activeDataKeyId: 2, dataKeys: [...dataKeys(), ring.dataKey(2, bytes)] }));
    unwrap.mockRejectedValueOnce(new KeyProviderUnavailable('the provider is away'));
    await look();
    expect(fence).toThrow('the provider is away');
    await look();
    expect(fence().version).toBe(2);
  });

  it('answers 503 for a value under a new data key while the provider is away, and does not count it as damaged', async () => {
    const bytes = randomBytes(32);
    const unwrap = jest.spyOn(await replica.module.get(KeyProvider).open(), 'unwrap');
    await fixture.putDataKey(replica, 2, bytes);
    fixture.putManifest(ring.next(first, { activeDataKeyId: 2, dataKeys: [...dataKeys(), ring.dataKey(2, bytes)] }));
    unwrap.mockRejectedValue(new KeyProviderUnavailable('the provider is away'));
    const sealed = { id: alice, value: referenceSealBound(bytes, 2, alice, key), dataKeyId: 2 };
    await expect(replica.keyRing.open(sealed)).rejects.toThrow(RingUnusable);
    expect(await provoke(3)).toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    expect(await failuresOf(replica)).toEqual({ unknown_data_key: 1 });
    unwrap.mockRestore();
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
  });

  it('writes on soon after one failed call of the provider, long before the next timed look', async () => {
    const bytes = randomBytes(32);
    const unwrap = jest.spyOn(await replica.module.get(KeyProvider).open(), 'unwrap');
    await fixture.putDataKey(replica, 2, bytes);
    fixture.putManifest(ring.next(first, { activeDataKeyId: 2, dataKeys: [...dataKeys(), ring.dataKey(2, bytes)] }));
    for (let call = 0; call < 2; call += 1) unwrap.mockRejectedValueOnce(new KeyProviderUnavailable('too many calls'));
    await look();
    expect(fence).toThrow('too many calls');
    const writes = (): boolean => {
      try {
        return fence().version === 2;
      } catch {
        return false;
      }
    };
    // The fixture's next timed look is an hour away.
    for (const bound = performance.now() + 10_000; !writes() && performance.now() < bound;) await sleep(20);
    expect(writes()).toBe(true);
  });

  it('opens nothing more under a data key that was dropped, until that is undone', async () => {
    const bytes = randomBytes(32);
    const sealed = replica.keyRing.seal(alice, key);
    await fixture.putDataKey(replica, 2, bytes);
    const rotated = ring.next(first, { activeDataKeyId: 2, dataKeys: [...dataKeys(), ring.dataKey(2, bytes)] });
    const [one, two] = (JSON.parse(rotated.document) as Manifest).dataKeys;
    if (one === undefined || two === undefined) throw new Error('two data keys');
    const dropped = ring.next(rotated, { dataKeys: [{ ...one, state: 'dropped' }, two] });
    for (const row of [rotated, dropped]) fixture.putManifest(row);
    await look();
    await expect(replica.keyRing.open(sealed)).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    fixture.putManifest(ring.next(dropped, { dataKeys: [one, two] }));
    await look();
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
  });

  it('goes over to another identity only where settings name it, and its data keys are the same', async () => {
    const later = MadeRing.of();
    const secret = Buffer.from((await dataKeyOf(replica, fixture)).buffer);
    const rekeyed = later.next(first, { dataKeys: [later.dataKey(1, secret)] });
    fixture.pins = [ring.fingerprint, later.fingerprint];
    const pinned = await fixture.start();
    fixture.putManifest(rekeyed);
    await look();
    await pinned.keyRing.refresh();
    expect(fence()).toMatchObject({ version: 1, passedOver: [{ version: 2 }] });
    expect(pinned.keyRing.summary()).toMatchObject({ ringIdentity: later.fingerprint, manifestVersion: 2 });
    expect(pinned.keyRing.sealer().fence.version).toBe(2);
  });

  it('does not go over to another identity with another data key', async () => {
    const later = MadeRing.of();
    fixture.pins = [ring.fingerprint, later.fingerprint];
    const pinned = await fixture.start();
    await wrapAnew(stolen);
    fixture.putManifest(later.next(first, { dataKeys: [later.dataKey(1, stolen)] }));
    await pinned.keyRing.refresh();
    expect(() => pinned.keyRing.sealer()).toThrow('another data key 1');
  });
});

/** The bytes of data key 1, as the provider gives them. */
async function dataKeyOf({ module }: Replica, fixture: KeyRingFixture): Promise<Uint8Array<ArrayBuffer>> {
  const [row] = fixture.sql<{ WrappedKey: string; Algorithm: string }>(
    'SELECT * FROM "DataKeyWrappings" WHERE "DataKeyId" = 1',
  );
  const ciphertext = Buffer.from(row?.WrappedKey ?? '', 'base64');
  const kek = await module.get(KeyProvider).open();
  return Uint8Array.from(await kek.unwrap({ keyReference: '', algorithm: row?.Algorithm ?? '', ciphertext }));
}
