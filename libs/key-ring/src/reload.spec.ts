import { randomBytes } from 'node:crypto';
import { KeyProvider } from '@key-connector/crypto-providers';
import type { StoredUserKey } from '@key-connector/database';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { failuresOf, KeyRingFixture, refusalsOf, type Replica } from './testing/key-ring-fixture.js';
import { referenceSealBound, referenceSealClassic } from './testing/reference-layouts.js';
import { alice, bob } from './testing/user-id.js';

/** Someone who writes the database and has the public key: he wraps what he likes, and opens nothing. */
describe('a reload, while someone changes the data keys of the database,', () => {
  let fixture: KeyRingFixture;
  let replica: Replica;
  const key = randomBytes(32);
  const stolen = randomBytes(32);
  beforeEach(async () => {
    fixture = await KeyRingFixture.create();
    replica = await fixture.start();
  });
  afterEach(() => fixture.remove());

  const wrap = async (dataKey: Buffer): Promise<string> => {
    const { ciphertext } = await (await replica.module.get(KeyProvider).open()).wrap(dataKey);
    return Buffer.from(ciphertext).toString('base64');
  };
  const overwrite = async (dataKey: Buffer): Promise<void> => {
    fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?', await wrap(dataKey));
  };
  const plant = async (id: number, dataKey: Buffer): Promise<void> => {
    fixture.sql(`INSERT INTO "DataKeys" VALUES (${id}, '2026-01-01 00:00:00')`);
    fixture.sql(
      `INSERT INTO "DataKeyWrappings" SELECT ${id}, "KekId", "KeyReference", "Algorithm", ?, "CreationDate" FROM "DataKeyWrappings" LIMIT 1`,
      await wrap(dataKey),
    );
  };
  /** A row of his own that names this data key: reading it makes the replica look. */
  const provoke = (id: number): Promise<unknown> =>
    replica.keyRing.open({ id: bob, value: `kc2.${id}.AAAA`, dataKeyId: id }).catch((error: unknown) => error);
  const planted = (id: number, member = bob): StoredUserKey => ({
    id: member,
    value: referenceSealBound(stolen, id, member, key),
    dataKeyId: id,
  });

  it('keeps the secret of a data key in memory, and tells that it was replaced, once', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    await overwrite(stolen);
    await provoke(9);
    await provoke(9);
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    await expect(replica.keyRing.open(planted(1))).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    expect(replica.keyRing.seal(alice, key).dataKeyId).toBe(1);
    expect(await refusalsOf(replica)).toEqual({ data_key_changed: 1 });
  });

  it('gives up no data key that was deleted or damaged, and tells it', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?', randomBytes(256).toString('base64'));
    await provoke(9);
    fixture.sql('DELETE FROM "DataKeyWrappings"');
    fixture.sql('DELETE FROM "DataKeys"');
    await provoke(9);
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    expect(await refusalsOf(replica)).toEqual({ data_key_unreadable: 2 });
  });

  it('goes on where a row cannot be what it should be', async () => {
    const sealed = replica.keyRing.seal(alice, key);
    fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?', randomBytes(256));
    expect(await provoke(9)).toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    await expect(replica.keyRing.open(sealed)).resolves.toEqual(key);
    expect(await refusalsOf(replica)).toEqual({ row_malformed: 1 });
  });

  it('never writes with a data key that came after the start', async () => {
    await plant(2, stolen);
    await expect(replica.keyRing.open(planted(2))).resolves.toEqual(key);
    expect(replica.keyRing.summary().activeDataKeyId).toBe(1);
    expect(replica.keyRing.seal(alice, key)).toMatchObject({ dataKeyId: 1, value: expect.stringMatching(/^kc2\.1\./) });
  });

  it('does not bring the classic layout back with a classic data key', async () => {
    await plant(0, stolen);
    await provoke(0);
    const classic = { id: alice, value: referenceSealClassic(stolen, key), dataKeyId: null };
    await expect(replica.keyRing.open(classic)).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    expect(replica.keyRing.summary().layout).toBe('boundOnly');
  });

  it('reads under the good one of two new data keys when the other does not open', async () => {
    await plant(2, stolen);
    await plant(3, stolen);
    fixture.sql(
      'UPDATE "DataKeyWrappings" SET "WrappedKey" = ? WHERE "DataKeyId" = 2',
      randomBytes(256).toString('base64'),
    );
    await expect(replica.keyRing.open(planted(3))).resolves.toEqual(key);
    expect(await refusalsOf(replica)).toEqual({ data_key_unreadable: 1 });
  });

  it('asks the provider for what is new, and for nothing twice', async () => {
    await plant(2, stolen);
    const unwrap = jest.spyOn(await replica.module.get(KeyProvider).open(), 'unwrap');
    await replica.keyRing.open(planted(2));
    await provoke(9);
    expect(unwrap).toHaveBeenCalledTimes(1);
    expect(await failuresOf(replica)).toEqual({ unknown_data_key: 1 });
  });
});
