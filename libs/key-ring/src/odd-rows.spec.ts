import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '@key-connector/database';
import { expectRefused } from './testing/expect-refused.js';
import { failuresOf, KeyRingFixture, type Replica } from './testing/key-ring-fixture.js';
import { alice, bob } from './testing/user-id.js';

/** SQLite keeps whatever it is given, in a column of any type. */
describe('a column that holds something else than it should', () => {
  let fixture: KeyRingFixture;
  let replica: Replica;
  const key = randomBytes(32);
  beforeEach(async () => {
    fixture = await KeyRingFixture.create();
    replica = await fixture.start();
    for (const member of [alice, bob]) fixture.store(replica.keyRing.seal(member, key));
  });
  afterEach(() => fixture.remove());

  const ofAlice = `WHERE "Id" = '${alice.toUpperCase()}'`;
  /** As a request does it. */
  const read = async (): Promise<Buffer> => {
    const [row] = await replica.module.get(Database).read(({ userKeys }) => userKeys.find([alice]));
    if (row === undefined) throw new Error('no row');
    return replica.keyRing.open(row);
  };

  describe.each<[string, string, unknown, string]>([
    ['bytes as the value', '"Key" = ?', randomBytes(60), 'malformed'],
    ['the bytes of a bound value’s text', '"Key" = CAST("Key" AS BLOB), "LastAccessDate" = ?', null, 'malformed'],
    ['no value', '"Key" = ?', null, 'classic_where_bound_expected'],
    ['a value of 64 MB', '"Key" = ?', 'A'.repeat(64 * 1024 * 1024), 'malformed'],
    ['a bound value of 64 MB', '"Key" = ?', `kc2.1.${'A'.repeat(64 * 1024 * 1024)}`, 'malformed'],
    ['text as the data key’s id', '"DataKeyId" = ?', 'one', 'malformed'],
    ['bytes as the data key’s id', '"DataKeyId" = ?', Buffer.from('1'), 'malformed'],
    ['half a data key’s id', '"DataKeyId" = ?', 1.5, 'data_key_id_mismatch'],
  ])('%s', (_, change, value, reason) => {
    beforeEach(() => {
      fixture.sql(`UPDATE "UserKeys" SET ${change} ${ofAlice}`, value);
    });

    it('is an opening failure like any other, for that member alone', async () => {
      await expect(read()).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
      expect(await failuresOf(replica)).toEqual({ [reason]: 1 });
      await expect(replica.keyRing.open(fixture.stored(bob))).resolves.toEqual(key);
    });

    it('keeps no start from serving the others', async () => {
      expect((await fixture.start()).keyRing.loaded).toBe(true);
    });
  });

  it('in a column of dates is of no matter to a start and to a read, in any table', async () => {
    for (const garbage of ['yesterday', '', '2026-13-45 99:99:99', randomBytes(8), 1e300]) {
      for (const table of ['UserKeys', 'DataKeys', 'DataKeyWrappings'])
        fixture.sql(`UPDATE "${table}" SET "CreationDate" = ?`, garbage);
      fixture.sql('UPDATE "UserKeys" SET "RevisionDate" = ?, "LastAccessDate" = ?', garbage, garbage);
      expect((await fixture.start()).keyRing.loaded).toBe(true);
      await expect(read()).resolves.toEqual(key);
    }
  });

  it.each<[string, string, unknown, string]>([
    ['bytes as a wrapping', 'DataKeyWrappings" SET "WrappedKey', randomBytes(256), 'row 1, WrappedKey must be text'],
    [
      'a wrapping of 1 MB',
      'DataKeyWrappings" SET "WrappedKey',
      'A'.repeat(1024 * 1024),
      'WrappedKey must not be longer',
    ],
    ['bytes as a fingerprint', 'DataKeyWrappings" SET "KekId', randomBytes(9), 'no row for it under'],
    ['text as a wrapping’s data key', 'DataKeyWrappings" SET "DataKeyId', 'one', 'no row for it under'],
    ['a data key below 0', 'DataKeys" SET "Id', -2, 'data key 1, but DataKeys has no row'],
    ['a data key above 31 bits', 'DataKeys" SET "Id', 2 ** 31, 'data key 1, but DataKeys has no row'],
  ])('stops a start, which tells table, row and column: %s', async (_, column, value, message) => {
    const of = column.startsWith('DataKeys') ? 'Id' : 'DataKeyId';
    fixture.sql(`UPDATE "${column}" = ? WHERE "${of}" = 1`, value);
    const told = expect.stringMatching(message.startsWith('data key 1') ? message : `DataKeyWrappings .*${message}`);
    await expectRefused(fixture, { code: 'DATA_KEY_UNREADABLE', message: told });
  });

  it('in what the manifest says anyway is of no matter', async () => {
    for (const column of ['KeyReference', 'Algorithm'])
      fixture.sql(`UPDATE "DataKeyWrappings" SET "${column}" = ?`, randomBytes(9));
    expect((await fixture.start()).keyRing.loaded).toBe(true);
  });

  it('stops the adoption of a classic deployment in the same way', async () => {
    const classic = await KeyRingFixture.create('classic');
    classic.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', randomBytes(256));
    const message = expect.stringMatching('ApplicationDatas .*row 1, SymmetricKey must be text');
    await expectRefused(classic, { code: 'DATA_KEY_UNREADABLE', message });
    await classic.remove();
  });

  it('in the history of migrations stops a start as a newer version’s migration does, or is of no matter', async () => {
    fixture.sql('UPDATE "KeyConnectorMigrations" SET "timestamp" = ?', 'yesterday');
    expect((await fixture.start()).keyRing.loaded).toBe(true);
    fixture.sql('UPDATE "KeyConnectorMigrations" SET "name" = ?', randomBytes(9));
    await expect(fixture.start()).rejects.toMatchObject({ code: 'DATABASE_SCHEMA_NEWER' });
  });
});
