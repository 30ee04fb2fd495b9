import { randomBytes } from 'node:crypto';
import type { UserId } from '@key-connector/common';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Manifest } from './manifest/manifest.js';
import type { ManifestRow } from './manifest/succession.js';
import { wrapAsClassicSoftware } from './testing/classic-software.js';
import { expectRefused } from './testing/expect-refused.js';
import { KeyRingFixture, refusalsOf, type Replica } from './testing/key-ring-fixture.js';
import { MadeRing } from './testing/made-ring.js';
import { referenceSealBound, referenceSealClassic } from './testing/reference-layouts.js';
import { alice, bob, userId } from './testing/user-id.js';

/** He writes the database and has the public key: he wraps what he likes, and opens and signs nothing. */
describe('a start, after someone wrote into the tables of the ring,', () => {
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
    fixture.store(replica.keyRing.seal(alice, key));
  });
  afterEach(() => fixture.remove());

  const manifest = (): Manifest => JSON.parse(first.document) as Manifest;
  /** The manifest of a ring of his own, of which only the identity is his. */
  const foreign = (changes: (thief: MadeRing) => Partial<Manifest> = () => ({})): ManifestRow => {
    const thief = MadeRing.of();
    return thief.row({ ...manifest(), ...thiefs(thief), ...changes(thief) });
  };
  const thiefs = (thief: MadeRing): Pick<Manifest, 'ring' | 'publicKey'> => {
    const { ring: fingerprint, publicKey } = thief.manifest();
    return { ring: fingerprint, publicKey };
  };
  const replaceManifest = (row: ManifestRow): void => {
    fixture.sql('DELETE FROM "RingManifests"');
    fixture.putManifest(row);
  };
  const expectStartRefused = (message: string, code = 'RING_REFUSED'): Promise<void> =>
    expectRefused(fixture, { code, message: expect.stringContaining(message) });

  it.each([0, 2, 2_147_483_647])('uses no data key %i of his, pinned or not, and tells it', async (id) => {
    await fixture.putDataKey(replica, id, stolen);
    for (const pins of [[], [ring.fingerprint]]) {
      fixture.pins = pins;
      const started = await fixture.start();
      expect(started.keyRing.seal(bob, key)).toMatchObject({ dataKeyId: 1 });
      expect(started.keyRing.summary().layout).toBe('boundOnly');
      const values = [referenceSealBound(stolen, id, bob, key), referenceSealClassic(stolen, key)];
      for (const value of values)
        await expect(started.keyRing.open({ id: bob, value, dataKeyId: null })).rejects.toMatchObject({
          code: 'USER_KEY_UNREADABLE',
        });
      expect(await refusalsOf(started)).toEqual({ data_key_unnamed: 1 });
    }
  });

  it('is refused without a pin where a value needs a data key of his, and with one it is an alarm', async () => {
    await fixture.putDataKey(replica, 2, stolen);
    fixture.store({ id: bob, value: referenceSealBound(stolen, 2, bob, key), dataKeyId: 2 });
    await expectStartRefused('data keys that this ring has not');
    fixture.pins = [ring.fingerprint];
    expect(await refusalsOf(await fixture.start())).toEqual({ data_key_unnamed: 1, value_under_unnamed_data_key: 1 });
  });

  it('reads at once without a pin, and seals nothing before every value was looked at', async () => {
    const unpinned = await fixture.replica();
    await unpinned.connect();
    const { keyRing } = unpinned;
    await keyRing.loadToOpen();
    expect(await keyRing.open(fixture.stored(alice))).toEqual(key);
    expect(() => keyRing.sealer()).toThrow(expect.objectContaining({ code: 'RING_UNUSABLE' }));
    const sealed = keyRing.untilSealing().then(() => keyRing.seal(bob, key));
    await keyRing.lookAtValues();
    expect(await sealed).toMatchObject({ dataKeyId: 1 });
  });

  it('never seals without a pin where that look finds a value that needs a data key of his', async () => {
    fixture.store({ id: bob, value: referenceSealBound(stolen, 2, bob, key), dataKeyId: null });
    const unpinned = await fixture.replica();
    await unpinned.connect();
    const { keyRing } = unpinned;
    await keyRing.loadToOpen();
    await expect(keyRing.lookAtValues()).rejects.toMatchObject({ code: 'RING_REFUSED' });
    expect(() => keyRing.sealer()).toThrow(expect.objectContaining({ code: 'RING_UNUSABLE' }));
  });

  it('seals at once with a pin, and the look at every value is an alarm', async () => {
    fixture.store({ id: bob, value: referenceSealBound(stolen, 2, bob, key), dataKeyId: null });
    fixture.pins = [ring.fingerprint];
    const pinned = await fixture.replica();
    await pinned.connect();
    await pinned.keyRing.loadToOpen();
    expect(pinned.keyRing.seal(alice, key)).toMatchObject({ dataKeyId: 1 });
    await pinned.keyRing.lookAtValues();
    expect(await refusalsOf(pinned)).toEqual({ value_under_unnamed_data_key: 1 });
  });

  it('is refused without a pin where the history needs a data key of his', async () => {
    fixture.sql(
      `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause") VALUES (?, ?, '', '', '')`,
      bob.toUpperCase(),
      referenceSealBound(stolen, 7, bob, key),
    );
    await expectStartRefused('(7;');
  });

  it('is refused without a pin beside a manifest of another ring, however high; with one that is passed over', async () => {
    fixture.putManifest({ ...foreign(() => ({ version: 900 })) });
    await expectStartRefused('several rings');
    fixture.pins = [ring.fingerprint];
    const started = await fixture.start();
    expect(started.keyRing.summary()).toMatchObject({ ringIdentity: ring.fingerprint, manifestVersion: 1 });
    expect(await refusalsOf(started)).toMatchObject({ other_ring: 1, manifest_unsigned: 1 });
  });

  it.each<[string, (thief: MadeRing) => Partial<Manifest>, string]>([
    ['that copies the genuine data keys and checks', () => ({}), 'opens to another data key'],
    [
      'that drops the genuine data keys, which nobody opens, beside one of its own',
      (thief) => ({
        activeDataKeyId: 2,
        dataKeys: [
          ...manifest().dataKeys.map((dataKey) => ({ ...dataKey, state: 'dropped' as const })),
          thief.dataKey(2, stolen),
        ],
      }),
      'has dropped (1;',
    ],
    [
      'that knows nothing of the genuine data keys',
      (thief) => ({ activeDataKeyId: 2, dataKeys: [thief.dataKey(2, stolen)] }),
      'has dropped (1;',
    ],
  ])('is refused with the manifest of another ring in place of the genuine one, %s', async (_, changes, message) => {
    await fixture.putDataKey(replica, 2, stolen);
    replaceManifest(foreign(changes));
    await expectStartRefused(message, message.startsWith('opens') ? 'DATA_KEY_UNREADABLE' : 'RING_REFUSED');
    fixture.pins = [ring.fingerprint];
    await expectStartRefused('nothing that this ring signed');
  });

  it('is refused where one of the history alone needs a data key that another ring only claims to have dropped', async () => {
    const sealed = replica.keyRing.seal(bob, key);
    fixture.sql('DELETE FROM "UserKeys"');
    fixture.sql(
      `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause") VALUES (?, ?, '', '', '')`,
      bob.toUpperCase(),
      sealed.value,
    );
    await fixture.putDataKey(replica, 2, stolen);
    const dropped = manifest().dataKeys.map((dataKey) => ({ ...dataKey, state: 'dropped' as const }));
    replaceManifest(foreign((thief) => ({ activeDataKeyId: 2, dataKeys: [...dropped, thief.dataKey(2, stolen)] })));
    await expectStartRefused('has dropped (1;');
  });

  const inOrder = (member: number): UserId => userId(`00000000-0000-4000-8000-${String(member).padStart(12, '0')}`);
  /** Rows of so many members, in one statement. */
  const store = (
    count: number,
    valueOf: (id: UserId) => string,
    { from = 1, created = '2026-01-01', idOf = inOrder } = {},
  ): void => {
    const members = Array.from({ length: count }, (_, index) => idOf(from + index));
    fixture.sql(
      `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate")
       SELECT upper(value ->> 'id'), value ->> 'value', ? FROM json_each(?)`,
      `${created} 00:00:00`,
      JSON.stringify(members.map((id) => ({ id, value: valueOf(id) }))),
    );
  };
  const genuine = (id: UserId): string => replica.keyRing.seal(id, key).value;
  const his = (id: UserId): string => referenceSealBound(stolen, 1, id, key);
  /** Another ring, whose data key has the id of the genuine one. */
  const replaceRing = async (): Promise<void> => {
    fixture.sql('DELETE FROM "DataKeys" WHERE "Id" = 1');
    fixture.sql('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = 1');
    await fixture.putDataKey(replica, 1, stolen);
    replaceManifest(foreign((thief) => ({ dataKeys: [thief.dataKey(1, stolen)] })));
  };

  it('is refused without a pin with a ring whose data key has the same id, while most values are not his', async () => {
    store(24, genuine);
    store(16, his, { from: 100, created: '2027-01-01' });
    await replaceRing();
    await expectStartRefused('user keys picked at random', 'DATA_KEY_UNREADABLE');
  });

  it('is refused wherever in the order of ids his values stand, while they are few', async () => {
    store(1_200, genuine);
    const everywhere = (member: number): string =>
      `${(member * 14_000_000).toString(16).padStart(8, '0')}-0000-4000-8000`;
    store(300, his, { created: '2027-01-01', idOf: (member) => userId(`${everywhere(member)}-000000000000`) });
    await replaceRing();
    await expectStartRefused('user keys picked at random', 'DATA_KEY_UNREADABLE');
  });

  it('goes on where values of some members are damaged', async () => {
    store(24, genuine);
    store(16, () => `kc2.1.${randomBytes(60).toString('base64url')}`, { from: 100 });
    const started = await fixture.start();
    expect(started.keyRing.seal(bob, key).dataKeyId).toBe(1);
  });

  it('with a pin goes on where most of the older values do not open', async () => {
    store(24, () => `kc2.1.${randomBytes(60).toString('base64url')}`);
    store(8, genuine, { from: 100, created: '2027-01-01' });
    fixture.pins = [ring.fingerprint];
    expect((await fixture.start()).keyRing.seal(bob, key).dataKeyId).toBe(1);
  });

  it.each(['UserKeys', 'UserKeyHistory'])(
    'finds a value that needs a data key of his behind any garbage, in %s',
    async (table) => {
      const garbage = (id: UserId): string =>
        `kc2.${id.endsWith('0') ? '01' : 'x'}.${randomBytes(60).toString('base64url')}`;
      store(700, garbage);
      store(1, (id) => referenceSealBound(stolen, 7, id, key), { from: 701 });
      if (table === 'UserKeyHistory') {
        fixture.sql(
          `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause")
           SELECT "Id", "Key", '', '', '' FROM "UserKeys" ORDER BY "Id"`,
        );
        fixture.sql('DELETE FROM "UserKeys"');
      }
      store(800, genuine, { from: 1_000, created: '2027-01-01' });
      await expectStartRefused('(7;');
    },
  );

  it('finds a genuine value behind many under a data key that his ring says was dropped', async () => {
    await fixture.putDataKey(replica, 2, stolen);
    await fixture.putDataKey(replica, 5, stolen);
    fixture.sql('DELETE FROM "UserKeys"');
    store(700, (id) => referenceSealBound(stolen, 5, id, key));
    store(1, genuine, { from: 1_000 });
    store(900, (id) => referenceSealBound(stolen, 2, id, key), { from: 2_000, created: '2027-01-01' });
    replaceManifest(
      foreign((thief) => ({
        activeDataKeyId: 2,
        dataKeys: [thief.dataKey(2, stolen), { ...thief.dataKey(5, stolen), state: 'dropped' as const }],
      })),
    );
    await expectStartRefused('has dropped (1;');
  });

  it('finds a classic value behind any garbage, where his ring has no data key for it', async () => {
    store(700, () => '*'.repeat(80));
    store(1, () => referenceSealClassic(stolen, key), { from: 1_000 });
    store(900, genuine, { from: 2_000, created: '2027-01-01' });
    await expectStartRefused('(0;');
  });

  it('goes on during a drop: a value that came late needs a data key that is there, and is the one that was dropped', async () => {
    const bytes = randomBytes(32);
    await fixture.putDataKey(replica, 2, bytes);
    fixture.putManifest(
      ring.next(first, {
        activeDataKeyId: 2,
        dataKeys: [
          ...manifest().dataKeys.map((one) => ({ ...one, state: 'dropped' as const })),
          ring.dataKey(2, bytes),
        ],
      }),
    );
    // Most of what is stored opens.
    fixture.store({ id: bob, value: referenceSealBound(bytes, 2, bob, key), dataKeyId: 2 });
    const started = await fixture.start();
    expect(started.keyRing.seal(bob, key).dataKeyId).toBe(2);
    expect(await refusalsOf(started)).toEqual({});
  });

  it('is refused with a manifest that a leaked data key signed', async () => {
    replaceManifest({ ...first, signature: MadeRing.of(stolen).row(first.document).signature });
    await expectStartRefused('none that is a signed manifest');
  });

  it('is refused where its data key was replaced by one of his', async () => {
    fixture.sql('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = 1');
    fixture.sql('DELETE FROM "DataKeys" WHERE "Id" = 1');
    await fixture.putDataKey(replica, 1, stolen);
    await expectStartRefused('opens to another data key', 'DATA_KEY_UNREADABLE');
  });

  it('is refused below the least version of the pin: an older manifest was put back, with all that belongs to it', async () => {
    fixture.pins = [`${ring.fingerprint}@2`];
    await expectStartRefused('asks for version 2');
    fixture.putManifest(ring.next(first));
    expect((await fixture.start()).keyRing.summary().manifestVersion).toBe(2);
  });

  it('is refused with a ring that is not the pinned one, and where there is none', async () => {
    fixture.pins = [MadeRing.of().fingerprint];
    await expectStartRefused('nothing that this ring signed');
    fixture.sql('DELETE FROM "RingManifests"');
    await expectStartRefused('holds no row');
    const empty = await KeyRingFixture.create();
    empty.pins = fixture.pins;
    await expectRefused(empty, { code: 'RING_REFUSED', message: expect.stringContaining('start once without it') });
    await empty.remove();
  });

  it('is refused where data keys are there and no manifest says which count', async () => {
    fixture.sql('DELETE FROM "RingManifests"');
    await expectStartRefused('key-connector ring adopt');
    for (const table of ['UserKeys', 'DataKeyWrappings']) fixture.sql(`DELETE FROM "${table}"`);
    await expectStartRefused('key-connector ring adopt');
  });

  it('is refused under a key-encryption key that the manifest does not list as one of replicas', async () => {
    const [own] = manifest().keks;
    if (own === undefined) throw new Error('no key-encryption key');
    const other = { ...own, id: `sha256:${'f'.repeat(64)}` };
    fixture.putManifest(ring.next(first, { keks: [{ ...own, role: 'recovery' as const }, other] }));
    await expectStartRefused('is none of this ring');
  });
});

describe('a start on a database without a ring', () => {
  let fixture: KeyRingFixture;
  afterEach(() => fixture.remove());

  it('takes over no data key that somebody put into ApplicationDatas, where it opens nothing', async () => {
    fixture = await KeyRingFixture.create();
    await (await fixture.replica()).connect();
    fixture.sql('INSERT INTO "ApplicationDatas" ("SymmetricKey") VALUES (?)', wrapAsClassicSoftware(randomBytes(32)));
    await expectRefused(fixture, { code: 'RING_REFUSED', message: expect.stringContaining('ring adopt') });
  });

  it('adopts a classic deployment only where every value opens, and names those that do not', async () => {
    fixture = await KeyRingFixture.create('classic');
    await (await fixture.replica()).connect();
    const last = alice.toUpperCase();
    fixture.sql(`INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES (?, 'AAAA', '2000-01-01 00:00:00')`, last);
    await expectRefused(fixture, { code: 'RING_REFUSED', message: expect.stringContaining(last) });
    fixture.sql('DELETE FROM "UserKeys" WHERE "Id" = ?', last);
    const { keyRing } = await fixture.start();
    expect(keyRing.summary()).toMatchObject({ ring: 'made', manifestVersion: 1, activeDataKeyId: 0 });
  });

  it('adopts no classic deployment beside a history, which only this service writes', async () => {
    fixture = await KeyRingFixture.create('classic');
    await (await fixture.replica()).connect();
    fixture.sql(
      `INSERT INTO "UserKeyHistory" ("UserId", "Key", "CreationDate", "ReplacedDate", "Cause") VALUES (?, '', '', '', '')`,
      alice,
    );
    await expectRefused(fixture, { code: 'RING_REFUSED', message: expect.stringContaining('UserKeyHistory') });
  });

  it('takes no other ring for that of a classic deployment, however many of the newest values are under it', async () => {
    fixture = await KeyRingFixture.create('classic');
    const replica = await fixture.start();
    const [thief, stolen] = [MadeRing.of(), randomBytes(32)];
    const { keks } = JSON.parse(fixture.manifest().document) as Manifest;
    await fixture.putDataKey(replica, 2, stolen);
    fixture.sql('DELETE FROM "RingManifests"');
    fixture.putManifest(thief.row(thief.manifest({ keks, activeDataKeyId: 2, dataKeys: [thief.dataKey(2, stolen)] })));
    for (let member = 1; member <= 8; member += 1) {
      const id = userId(`00000000-0000-4000-8000-00000000000${member}`);
      fixture.store({ id, value: referenceSealBound(stolen, 2, id, randomBytes(32)), dataKeyId: 2 });
    }
    await expectRefused(fixture, { code: 'RING_REFUSED', message: expect.stringContaining('has dropped (0;') });
  });

  it('tells when the row of the classic data key is changed beside it', async () => {
    fixture = await KeyRingFixture.create('classic');
    const replica = await fixture.start();
    fixture.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', wrapAsClassicSoftware(randomBytes(32)));
    const started = await fixture.start();
    expect(await refusalsOf(started)).toEqual({ classic_data_key_changed: 1 });
    await replica.keyRing.open({ id: alice, value: 'kc2.9.AAAA', dataKeyId: null }).catch(() => undefined);
    expect(await refusalsOf(replica)).toEqual({ classic_data_key_changed: 1 });
  });
});
