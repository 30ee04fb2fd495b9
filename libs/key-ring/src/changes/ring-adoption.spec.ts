import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Manifest } from '../manifest/manifest.js';
import { wrapAsClassicSoftware } from '../testing/classic-software.js';
import { classicFolder, KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { referenceSealBound, referenceSealClassic } from '../testing/reference-layouts.js';
import { alice, bob, userId } from '../testing/user-id.js';
import { type Adoption, type AdoptionOptions, RingAdoption } from './ring-adoption.js';
import { RingChangesModule } from './ring-changes.module.js';

const { users } = JSON.parse(readFileSync(`${classicFolder}expected.json`, 'utf8')) as {
  users: Record<string, { key: string }>;
};

let fixture: KeyRingFixture;
afterEach(() => fixture.remove());

const begin = async (contents: 'classic' | 'empty'): Promise<void> => {
  fixture = await KeyRingFixture.create(contents, (rooms) => [RingChangesModule.on(...rooms)]);
};
/** A process of an operator's, and what it would take over. */
async function look(options: Partial<AdoptionOptions> = {}): Promise<{ rings: RingAdoption; adoption: Adoption }> {
  const operator = await fixture.replica();
  await operator.connect();
  const rings = operator.module.get(RingAdoption);
  return { rings, adoption: await rings.look({ above: 0, identity: false, ...options }) };
}
async function adopt(options: Partial<AdoptionOptions> = {}): Promise<Manifest> {
  const { rings, adoption } = await look(options);
  return (await rings.adopt(adoption)).manifest;
}
const manifest = (): Manifest => JSON.parse(fixture.manifest().document) as Manifest;
/** A running deployment with a member; then its manifests are lost. */
async function loseManifests(before: (replica: Replica) => void | Promise<void> = () => undefined): Promise<Manifest> {
  const replica = await fixture.start();
  fixture.store(replica.keyRing.seal(alice, randomBytes(32)));
  await before(replica);
  const lost = manifest();
  fixture.sql('DELETE FROM "RingManifests"');
  return lost;
}

describe('adopting', () => {
  it('lets a classic deployment without members go on as one', async () => {
    await begin('classic');
    fixture.sql('DELETE FROM "UserKeys"');
    expect(await adopt()).toMatchObject({ version: 1, layout: 'classic', activeDataKeyId: 0 });
    expect((await fixture.start()).keyRing.summary()).toMatchObject({ layout: 'classic' });
  });

  it('lets a classic deployment with a damaged value go on as one, and says whose it is', async () => {
    await begin('classic');
    const damaged = referenceSealClassic(randomBytes(32), randomBytes(32));
    fixture.sql(`INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES (?, ?, '2026-01-01')`, alice, damaged);
    const { rings, adoption } = await look();
    expect(adoption).toMatchObject({ classic: true, unopened: 1, members: [alice] });
    expect(adoption.dataKeys).toEqual([{ id: 0, values: Object.keys(users).length }]);
    await rings.adopt(adoption);
    const { keyRing } = await fixture.start();
    for (const [id, { key }] of Object.entries(users))
      expect((await keyRing.open(fixture.stored(userId(id)))).toString('base64')).toBe(key);
  });

  it('writes under a new data key, and takes the others over to open with alone', async () => {
    await begin('empty');
    await loseManifests();
    const adopted = await adopt();
    expect(adopted).toMatchObject({ version: 1, layout: 'boundOnly', activeDataKeyId: 2 });
    expect(adopted.dataKeys.map(({ id, state }) => [id, state])).toEqual([
      [1, 'open'],
      [2, 'open'],
    ]);
    const { keyRing } = await fixture.start();
    await expect(keyRing.open(fixture.stored(alice))).resolves.toBeDefined();
    expect(keyRing.seal(bob, randomBytes(32)).dataKeyId).toBe(2);
  });

  it('keeps the identity when only the manifest was lost, above the pin and what it is told', async () => {
    await begin('empty');
    const lost = await loseManifests();
    fixture.pins = [`${lost.ring}@7`];
    expect(await adopt({ identity: true })).toMatchObject({ ring: lost.ring, version: 8 });
    fixture.sql('DELETE FROM "RingManifests"');
    expect(await adopt({ identity: true, above: 20 })).toMatchObject({ ring: lost.ring, version: 21 });
    await expect(fixture.start()).resolves.toBeDefined();
  });

  it('refuses an identity that somebody put in place of the pinned one', async () => {
    await begin('empty');
    await loseManifests();
    fixture.pins = [`sha256:${'0'.repeat(64)}`];
    await expect(look({ identity: true })).rejects.toThrow('keyRing__identity names another one');
  });

  it('writes nothing under a data key that somebody planted, and shows what needs it', async () => {
    await begin('empty');
    const planted = randomBytes(32);
    await loseManifests(async (replica) => {
      await fixture.putDataKey(replica, 2_147_483_647, planted);
      const value = referenceSealBound(planted, 2_147_483_647, bob, randomBytes(32));
      fixture.store({ id: bob, value, dataKeyId: 2_147_483_647 });
    });
    const { adoption } = await look();
    expect(adoption.dataKeys).toEqual([
      { id: 1, values: 1 },
      { id: 2_147_483_647, values: 1 },
    ]);
    const { rings, adoption: chosen } = await look({ dataKeys: [1] });
    expect(chosen).toMatchObject({ unopened: 1, members: [bob], leftOut: [2_147_483_647] });
    expect((await rings.adopt(chosen)).manifest).toMatchObject({ activeDataKeyId: 2 });
  });

  it('leaves out a data key that nothing needs', async () => {
    await begin('empty');
    await loseManifests((replica) => fixture.putDataKey(replica, 9, randomBytes(32)));
    const { adoption } = await look();
    expect(adoption.dataKeys.map(({ id }) => id)).toEqual([1]);
    expect(adoption.leftOut).toEqual([9]);
  });

  it('goes on in the bound layout where classic values are among others', async () => {
    await begin('classic');
    const bound = await fixture.start('bound');
    fixture.store(bound.keyRing.seal(alice, randomBytes(32)));
    fixture.sql('DELETE FROM "RingManifests"');
    expect(await adopt()).toMatchObject({ layout: 'bound', activeDataKeyId: 1 });
    await expect(fixture.start()).resolves.toBeDefined();
  });

  it('refuses two data keys that both say they are number 0', async () => {
    await begin('classic');
    await fixture.start();
    fixture.sql('DELETE FROM "RingManifests"');
    fixture.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', wrapAsClassicSoftware(randomBytes(32)));
    await expect(look()).rejects.toThrow('two different data keys 0');
  });

  it('is refused where a ring counts', async () => {
    await begin('empty');
    await fixture.start();
    await expect(look()).rejects.toThrow('The database has a ring');
  });

  it('takes the place of manifests that are older than the pin accepts', async () => {
    await begin('empty');
    const { keyRing } = await fixture.start();
    fixture.pins = [`${keyRing.summary().ringIdentity}@5`];
    expect(await adopt({ identity: true })).toMatchObject({ version: 6 });
    expect(fixture.manifests()).toHaveLength(1);
  });

  it('changes nothing where the ring was made while values were opened', async () => {
    await begin('classic');
    const { rings, adoption } = await look();
    await fixture.start();
    const before = fixture.contents();
    await expect(rings.adopt(adoption)).rejects.toThrow();
    expect(fixture.contents()).toEqual(before);
  });
});
