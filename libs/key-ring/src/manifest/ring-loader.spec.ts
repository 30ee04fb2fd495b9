import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database } from '@key-connector/database';
import { KeyRingFixture } from '../testing/key-ring-fixture.js';
import { MadeRing } from '../testing/made-ring.js';
import type { Manifest } from './manifest.js';
import { ManifestStore } from './manifest-store.js';
import type { RingIdentity } from './ring-identity.js';
import { type Followed, RingLoader, type RingState } from './ring-loader.js';
import { parseRingPin } from './ring-pin.js';
import { authentic, type HeldManifest, identityIn, type ManifestRow } from './succession.js';

function identityOf({ document }: ManifestRow): RingIdentity {
  const identity = identityIn(document);
  if (identity === undefined) throw new Error('no manifest');
  return identity;
}

/** Bytes in use when each page is asked for, once what nobody holds is collected. */
async function heapAtEachPage(store: ManifestStore, look: () => Promise<unknown>): Promise<number[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used: number[] = [];
  const newest = jest.spyOn(store, 'newest');
  const real = ManifestStore.prototype.newest.bind(store);
  newest.mockImplementation((...given) => {
    // What it gave before is not for the spy to keep.
    newest.mockClear();
    collect();
    used.push(process.memoryUsage().heapUsed);
    return real(...given);
  });
  await look();
  newest.mockRestore();
  return used;
}

describe('the manifests of a database', () => {
  let fixture: KeyRingFixture;
  let database: Database;
  let loader: RingLoader;
  let store: ManifestStore;
  const ring = MadeRing.of();
  const first = ring.row(ring.manifest());
  const second = ring.next(first, { layout: 'bound' });
  const held = authentic(first, identityOf(first)) as HeldManifest;
  const garbage = (version: number): ManifestRow => ({ version, document: '{}', signature: 'A'.repeat(88) });

  beforeAll(async () => {
    fixture = await KeyRingFixture.create();
    const replica = await fixture.replica();
    await replica.connect();
    database = replica.module.get(Database);
    loader = replica.module.get(RingLoader);
    store = replica.module.get(ManifestStore);
  });
  afterAll(() => fixture.remove());
  afterEach(() => {
    fixture.sql('DELETE FROM "RingManifests"');
  });

  const put = (...rows: readonly Record<keyof ManifestRow, unknown>[]): void => {
    for (const { version, document, signature } of rows)
      fixture.sql(`INSERT INTO "RingManifests" VALUES (?, ?, ?, '')`, version, document, signature);
  };
  const load = (...pins: string[]): Promise<RingState> =>
    database.snapshot((manager) =>
      loader.load(
        manager,
        pins.flatMap((pin) => parseRingPin(pin) ?? []),
      ),
    );
  const follow = (...next: string[]): Promise<Followed> =>
    database.snapshot((manager) => loader.follow(manager, held, next));
  const versionOf = (state: { held: HeldManifest | undefined }): number | undefined => state.held?.version;

  it('none of which there is, are told from those of which none counts', async () => {
    expect(await load()).toMatchObject({ held: undefined, rows: false });
    put(garbage(7));
    expect(await load()).toMatchObject({ held: undefined, rows: true, tooMany: false });
  });

  it('count by the highest version that is authentic, whatever stands above it', async () => {
    put(first, second, garbage(3), garbage(2_147_483_647), { ...ring.row(first.document), version: 9 });
    const state = await load();
    expect(versionOf(state)).toBe(2);
    expect(state.passedOver.map(({ version, reason }) => [version, reason])).toEqual([
      [3, 'manifest_unsigned'],
      [9, 'manifest_out_of_order'],
      [2_147_483_647, 'manifest_unsigned'],
    ]);
  });

  it('of another ring do not count where one is pinned, however high, and are told of where none is', async () => {
    const foreign = MadeRing.of();
    put(first, second, foreign.row(foreign.manifest({ version: 900 })));
    expect(await load(ring.fingerprint)).toMatchObject({ held: { version: 2 } });
    expect((await load()).otherRings).toHaveLength(1);
    expect(versionOf(await load(foreign.fingerprint))).toBe(900);
    expect(versionOf(await load(MadeRing.of().fingerprint))).toBeUndefined();
  });

  it('of the later of two pins count as soon as there are any: the identity that was left may be a thief’s', async () => {
    const later = MadeRing.of();
    put(first);
    expect(versionOf(await load(ring.fingerprint, later.fingerprint))).toBe(1);
    put(later.next(first), ring.row(ring.manifest({ version: 90 })));
    expect((await load(ring.fingerprint, later.fingerprint)).held).toMatchObject({
      version: 2,
      identity: { fingerprint: later.fingerprint },
    });
  });

  it('are found among thousands of forged ones, without the column being read whole, and given up on among more', async () => {
    put(first);
    const forged = (count: number, from: number): void => {
      fixture.sql(
        `INSERT INTO "RingManifests" WITH RECURSIVE n(v) AS (SELECT ? UNION ALL SELECT v + 1 FROM n LIMIT ?)
         SELECT v, ?, ?, '' FROM n`,
        ...[from, count, first.document, 'A'.repeat(88)],
      );
    };
    forged(3_000, 100);
    expect(versionOf(await load())).toBe(1);
    expect((await follow()).passedOver).toHaveLength(17);
    forged(3_000, 5_000);
    expect(await load()).toMatchObject({ held: undefined, tooMany: true });
  });

  it.each([
    ['without a pin', []],
    ['with one', [ring.fingerprint]],
  ])('of many other rings take no more memory than a page of them, and few are named, %s', async (_, pins) => {
    const dataKeys = Array.from({ length: 600 }, (__, index) => ring.dataKey(index + 1, Buffer.alloc(32)));
    const rows = Array.from({ length: 160 }, (__, index) => {
      const foreign = MadeRing.of();
      return foreign.row(foreign.manifest({ version: index + 2, dataKeys }));
    });
    put(first, ...rows);
    const longest = rows[0]?.document.length ?? 0;
    rows.length = 0;
    const used = await heapAtEachPage(store, () => load(...pins));
    expect((used.at(-1) ?? 0) - (used[1] ?? 0)).toBeLessThan(48 * longest);
    const { otherRings, held: found } = await load(...pins);
    expect(found?.version).toBe(pins.length > 0 ? 1 : 161);
    expect(otherRings.length).toBeGreaterThan(1);
    expect(otherRings.length).toBeLessThanOrEqual(17);
  });

  it.each<[string, unknown, unknown]>([
    ['bytes as the document', Buffer.from(first.document), first.signature],
    ['bytes as the signature', first.document, Buffer.from(first.signature)],
    ['a document of 40 MB', 'A'.repeat(40 * 1024 * 1024), first.signature],
    ['a signature of 40 MB', first.document, 'A'.repeat(40 * 1024 * 1024)],
    ['no text at all', 1, 1],
  ])('are passed over with %s', async (_, document, signature) => {
    put(first, { version: 2, document, signature });
    const { held: found, passedOver } = await load();
    expect(found?.version).toBe(1);
    expect(passedOver).toMatchObject([{ version: 2, reason: 'manifest_unsigned' }]);
  });

  it('are passed over with a version that no other database has room for', async () => {
    put(first, { ...second, version: 2 ** 40 });
    fixture.sql(`INSERT INTO "RingManifests" VALUES (9223372036854775807, '', '', '')`);
    expect((await load()).passedOver).toMatchObject([{ version: 2 ** 40 }, { signature: undefined }]);
  });

  it('that are signed, and of a later format, are no garbage', async () => {
    const later = ring.row(second.document.replace('"format":1', '"format":2'), 2);
    put(first, later);
    expect(await load()).toMatchObject({ held: { version: 1 }, unreadable: { version: 2 }, passedOver: [] });
    expect(await follow()).toMatchObject({ held: { version: 1 }, unreadable: { version: 2 }, passedOver: [] });
  });

  describe('held by a replica', () => {
    it('are followed version by version', async () => {
      const third = ring.next(second);
      put(first, second, third, garbage(4));
      const followed = await follow();
      expect(followed).toMatchObject({ held: { version: 3 }, gone: false, passedOver: [{ version: 4 }] });
    });

    it('are gone when the database went back, or holds another one at that version', async () => {
      expect(await follow()).toMatchObject({ gone: 'missing' });
      put({ ...first, signature: second.signature });
      expect(await follow()).toMatchObject({ gone: 'replaced' });
      fixture.sql('UPDATE "RingManifests" SET "Signature" = ?, "Document" = ?', first.signature, second.document);
      expect(await follow()).toMatchObject({ gone: 'replaced' });
    });

    it.each<[string, () => ManifestRow, string]>([
      ['by another ring', () => MadeRing.of().next(first), 'manifest_unsigned'],
      ['of before, at the next version', () => ({ ...first, version: 2 }), 'manifest_out_of_order'],
      ['that skips a version', () => ({ ...ring.next(second), version: 2 }), 'manifest_out_of_order'],
    ])('are not followed by one %s', async (_, row, reason) => {
      put(first, row());
      expect(await follow()).toMatchObject({ held: { version: 1 }, passedOver: [{ version: 2, reason }] });
    });

    it.each<[string, () => ManifestRow, string]>([
      ['that follows another one', () => ring.next(ring.row(ring.manifest())), 'manifest_out_of_reach'],
      ['behind a version that is gone', () => ring.next(second), 'manifest_out_of_reach'],
      [
        'with another data key under an id of before',
        () => ring.next(first, { dataKeys: [ring.dataKey(1)] }),
        'manifest_takes_back',
      ],
      [
        'without a data key of before',
        () => ring.next(first, { dataKeys: [ring.dataKey(2)], activeDataKeyId: 2 } satisfies Partial<Manifest>),
        'manifest_takes_back',
      ],
    ])('are no garbage where the ring signed one %s', async (_, row, reason) => {
      const { version } = row();
      put(first, row());
      expect(await follow()).toMatchObject({ held: { version: 1 }, passedOver: [], unreadable: { version, reason } });
    });

    it('are judged by what one statement saw, also when the next one comes between two of them', async () => {
      put(first, garbage(4));
      const above = jest.spyOn(store, 'above');
      above.mockImplementationOnce(async (...given) => {
        const rows = await store.above(...given);
        put(second);
        return rows;
      });
      expect((await follow()).passedOver).toEqual([
        { version: 4, signature: garbage(4).signature, reason: 'manifest_unsigned' },
      ]);
      expect((await follow()).held.version).toBe(2);
    });

    it('are followed into another ring only where settings name it, and back never', async () => {
      const later = MadeRing.of();
      const rekeyed = later.next(first, { dataKeys: [later.dataKey(1)] });
      put(first, rekeyed, ring.next(rekeyed));
      expect(versionOf(await follow())).toBe(1);
      expect(await follow(later.fingerprint)).toMatchObject({ held: { version: 2 }, passedOver: [{ version: 3 }] });
      // As the command leaves it: without the versions of the old identity.
      fixture.sql('DELETE FROM "RingManifests" WHERE "Version" <> 2');
      expect(await follow(later.fingerprint)).toMatchObject({ held: { version: 2 }, gone: false, passedOver: [] });
      expect(await follow()).toMatchObject({ held: { version: 1 }, gone: 'missing' });
    });
  });
});
