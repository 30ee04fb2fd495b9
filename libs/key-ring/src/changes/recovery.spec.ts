import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyEncryptionKey, KeyProviderUnavailable, type WrappedKey } from '@key-connector/crypto-providers';
import { createSeed, openSeed } from '@key-connector/recovery-keys';
import { openAsClassicSoftware } from '../testing/classic-software.js';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { generateOtherKey, type OtherKey } from '../testing/other-key.js';
import { referenceOpenClassic } from '../testing/reference-layouts.js';
import { alice } from '../testing/user-id.js';
import { RecoveryChanges } from './recovery-changes.js';
import { RecoveryRestore } from './recovery-restore.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';
import { DataKeyRotation } from './data-key-rotation.js';

const member = alice;
const memberKey = randomBytes(32);
const opened = openSeed(createSeed());

/** A key whose provider goes away after some calls. */
class FailingKey extends KeyEncryptionKey {
  override readonly id = this.key.id;
  override readonly publicKey = this.key.publicKey;
  override readonly description = this.key.description;
  override readonly keyReference = this.key.keyReference;
  override readonly classicAlgorithm = this.key.classicAlgorithm;

  constructor(
    private readonly key: KeyEncryptionKey,
    private left: number,
  ) {
    super();
  }

  override async wrap(...given: Parameters<KeyEncryptionKey['wrap']>): Promise<WrappedKey> {
    this.call();
    return this.key.wrap(...given);
  }

  override async unwrap(wrapped: WrappedKey): Promise<Uint8Array> {
    this.call();
    return this.key.unwrap(wrapped);
  }

  private call(): void {
    this.left -= 1;
    if (this.left < 0) throw new KeyProviderUnavailable('It went away.');
  }
}

const isThere = (): boolean => true;
const isAway = (error: unknown): boolean => {
  if (error instanceof KeyProviderUnavailable) return false;
  throw error;
};

describe('a ring with a recovery key', () => {
  let fixture: KeyRingFixture;
  let operator: Replica;
  let newKey: OtherKey;

  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
    operator = await fixture.start();
    fixture.store(operator.keyRing.sealer().seal(member, memberKey));
    const seen = await operator.module.get(RingChanges).look();
    await operator.module.get(RecoveryChanges).add(seen, opened.key, opened);
    await operator.module.get(DataKeyRotation).rotate(await operator.module.get(RingChanges).look());
    newKey = await generateOtherKey();
  });
  afterEach(async () => {
    await fixture.remove();
    await newKey.remove();
  });

  /** The commands of an operator whose settings name the new key; nothing of the old one is at hand. */
  const withNewKey = async (): Promise<RecoveryRestore> => {
    const replica = await fixture.replica('auto', newKey.settings);
    await replica.connect();
    return replica.module.get(RecoveryRestore);
  };
  const contents = (): unknown => [fixture.contents(), fixture.sql('SELECT * FROM "RingManifests" ORDER BY 1')];
  const wrapped = (id: number): { WrappedKey: string } | undefined =>
    fixture.sql<{ WrappedKey: string }>(
      'SELECT "WrappedKey" FROM "DataKeyWrappings" WHERE "DataKeyId" = ? AND "KekId" = ?',
      id,
      opened.key.id,
    )[0];
  const putWrapping = (id: number, value: string): void => {
    const update = 'UPDATE "DataKeyWrappings" SET "WrappedKey" = ? WHERE "DataKeyId" = ? AND "KekId" = ?';
    fixture.sql(update, value, id, opened.key.id);
  };
  const expectRefused = async (attempt: (restore: RecoveryRestore) => Promise<unknown>, why: RegExp): Promise<void> => {
    const before = contents();
    await expect(withNewKey().then(attempt)).rejects.toThrow(why);
    expect(contents()).toEqual(before);
  };
  const restoring = async (restore: RecoveryRestore): Promise<unknown> =>
    restore.run(await restore.look(), opened, await restore.newKey());

  it('comes back under a new key, without the lost one, and opens what members had stored', async () => {
    const restore = await withNewKey();
    const seen = await restore.look();
    const kek = await restore.newKey();
    const [lost] = restore.lost(seen, kek);

    const held = await restore.run(seen, opened, kek);

    expect(held.version).toBe(seen.version + 1);
    expect(held.manifest.keks.map(({ id, role }) => [id, role])).toEqual(
      [
        [kek.id, 'service'],
        [opened.key.id, 'recovery'],
      ].sort(([one = ''], [other = '']) => (one < other ? -1 : 1)),
    );
    expect(fixture.sql('SELECT 1 FROM "DataKeyWrappings" WHERE "KekId" = ?', lost?.id)).toEqual([]);
    const replica = await fixture.start('auto', newKey.settings);
    expect(await replica.keyRing.open(fixture.stored(member))).toEqual(memberKey);
    await expect(fixture.start()).rejects.toThrow(/none of this ring/);
  });

  it('is opened by a drill, which changes nothing', async () => {
    const before = contents();
    const restore = await withNewKey();

    expect(await restore.drill(await restore.look(), opened)).toEqual([1, 2]);
    expect(contents()).toEqual(before);
  });

  it.each([-1, 1, 2])(
    'does not come back with another key in the place of %i, put there by who has the public key',
    async (id) => {
      putWrapping(id, Buffer.from(await opened.key.wrap(id, randomBytes(32))).toString('base64'));

      await expectRefused(restoring, /opens to something else than the ring's manifest names/);
    },
  );

  it.each([-1, 1, 2])('does not come back while the wrapping of %i is damaged, moved or gone', async (id) => {
    const genuine = wrapped(id)?.WrappedKey ?? '';
    putWrapping(id, `${genuine.slice(0, -8)}AAAAAAA=`);
    await expectRefused(restoring, /does not open: it is damaged/);
    putWrapping(id, wrapped(id === 1 ? 2 : 1)?.WrappedKey ?? '');
    await expectRefused(restoring, /does not open: it is damaged/);
    fixture.sql('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = ? AND "KekId" = ?', id, opened.key.id);
    await expectRefused(restoring, /is not there/);
  });

  it('does not come back with the recovery key of another ring, nor with one that was removed', async () => {
    const other = openSeed(createSeed());
    await expectRefused(async (restore) => restore.drill(await restore.look(), other), /none of the ring/);

    const seen = await operator.module.get(RingChanges).look();
    await operator.module.get(RecoveryChanges).remove(seen, opened.key.id);
    await expectRefused(restoring, /which has no recovery key/);
  });

  it('is as it was, whichever call of the new provider fails, and comes back once none does', async () => {
    const restore = await withNewKey();
    const [held, kek] = [await restore.look(), await restore.newKey()];
    const before = contents();
    let works = 0;
    for (; !(await restore.run(held, opened, new FailingKey(kek, works)).then(isThere, isAway)); works += 1)
      expect(contents()).toEqual(before);

    // One for its entry, then one to wrap and one to open for each of two data keys and the identity.
    expect(works).toBe(7);
    const replica = await fixture.start('auto', newKey.settings);
    expect(await replica.keyRing.open(fixture.stored(member))).toEqual(memberKey);
  });

  it('is brought back by one operator of two', async () => {
    const [one, other] = [await withNewKey(), await withNewKey()];
    const seen = await one.look();
    await one.run(seen, opened, await one.newKey());

    await expect(other.run(seen, opened, await other.newKey())).rejects.toThrow(/changed by somebody else/);
  });

  it('is whole again: a second restore makes the same ring anew', async () => {
    await restoring(await withNewKey());
    await restoring(await withNewKey());

    const replica = await fixture.start('auto', newKey.settings);
    expect(await replica.keyRing.open(fixture.stored(member))).toEqual(memberKey);
  });

  it('takes no recovery key twice', async () => {
    const seen = await operator.module.get(RingChanges).look();

    await expect(operator.module.get(RecoveryChanges).add(seen, opened.key)).rejects.toThrow(/already/);
  });

  it('does not take one whose wrappings do not open with its private half', async () => {
    const before = contents();
    const seen = await operator.module.get(RingChanges).look();
    const adding = operator.module.get(RecoveryChanges).add(seen, openSeed(createSeed()).key, openSeed(createSeed()));

    await expect(adding).rejects.toThrow(/none of the ring/);
    expect(contents()).toEqual(before);
  });
});

describe('a classic ring with a recovery key', () => {
  it('comes back so that classic software opens it with the new key', async () => {
    const fixture = await KeyRingFixture.create('classic', (rooms) => [RingChangesModule.on(...rooms)]);
    const newKey = await generateOtherKey();
    try {
      const operator = await fixture.start('classic');
      const seen = await operator.module.get(RingChanges).look();
      await operator.module.get(RecoveryChanges).add(seen, opened.key, opened);

      const replica = await fixture.replica('classic', newKey.settings);
      await replica.connect();
      const restore = replica.module.get(RecoveryRestore);
      await restore.run(await restore.look(), opened, await restore.newKey());

      const [row] = fixture.sql<{ SymmetricKey: string }>('SELECT "SymmetricKey" FROM "ApplicationDatas"');
      const dataKey = openAsClassicSoftware(row?.SymmetricKey ?? '', newKey.privateKey);
      const [value] = fixture.sql<{ Key: string }>('SELECT "Key" FROM "UserKeys"');
      expect(referenceOpenClassic(dataKey, value?.Key ?? '')).toHaveLength(32);
    } finally {
      await fixture.remove();
      await newKey.remove();
    }
  });
});
