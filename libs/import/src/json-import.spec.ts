import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import {
  alice,
  classicFolder,
  generateOtherKey,
  KeyRingFixture,
  MadeRing,
  referenceSealBound,
  referenceSealClassic,
  type Replica,
  userId,
} from '@key-connector/key-ring/testing';
import { JsonImportConflict, JsonImportRefused } from './json-import.errors.js';
import { JsonImport } from './json-import.js';
import { ImportModule } from './import.module.js';

const file = `${classicFolder}data.json`;
const json = JSON.parse(readFileSync(file, 'utf8')) as { symmetricKey: string; userKey: { id: string; key: string }[] };
const { users, dataKey } = JSON.parse(readFileSync(`${classicFolder}expected.json`, 'utf8')) as {
  dataKey: string;
  users: Record<string, { key: string }>;
};
const members = Object.keys(users).length;
const firstMember = userId(json.userKey[0]?.id ?? '');
const secondMember = userId(json.userKey[1]?.id ?? '');

describe('the JSON file of a classic deployment', () => {
  let fixture: KeyRingFixture;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [ImportModule.on(...rooms)]);
  });
  afterEach(() => fixture.remove());

  const connected = async (...parameters: Parameters<KeyRingFixture['replica']>): Promise<Replica> => {
    const replica = await fixture.replica(...parameters);
    await replica.connect();
    return replica;
  };
  const importing = ({ module }: Replica, path = file) => module.get(JsonImport).run(path);

  /** The file with some entries changed. */
  const changedFile = async (change: (store: typeof json) => void): Promise<string> => {
    const copy = structuredClone(json);
    change(copy);
    const path = `${fixture.file}.json`;
    await writeFile(path, JSON.stringify(copy));
    return path;
  };

  const expectEveryKey = async ({ keyRing }: Replica): Promise<void> => {
    await keyRing.load();
    for (const [id, { key }] of Object.entries(users)) {
      const opened = await keyRing.open(fixture.stored(userId(id)));
      expect(opened.toString('base64')).toBe(key);
    }
  };

  it('seals nothing under a ring that somebody put in the place of ours: it is refused, as a start is', async () => {
    const replica = await fixture.start();
    fixture.store(replica.keyRing.seal(alice, randomBytes(32)));
    const [thief, stolen] = [MadeRing.of(), randomBytes(32)];
    await fixture.putDataKey(replica, 7, stolen);
    const { ring, publicKey } = thief.manifest();
    const genuine = JSON.parse(fixture.manifest().document) as ReturnType<MadeRing['manifest']>;
    const dataKeys = [thief.dataKey(7, stolen)];
    fixture.sql('DELETE FROM "RingManifests"');
    fixture.putManifest(thief.row({ ...genuine, ring, publicKey, activeDataKeyId: 7, dataKeys }));
    await expect(importing(await connected())).rejects.toMatchObject({ code: 'RING_REFUSED' });
    expect(fixture.sql('SELECT "DataKeyId" FROM "UserKeys"')).toEqual([{ DataKeyId: 1 }]);
  });

  it('seals nothing under such a ring whose data key has the id of ours, while it opens few of the values', async () => {
    const replica = await fixture.start();
    for (let member = 10; member < 26; member += 1)
      fixture.store(replica.keyRing.seal(userId(`00000000-0000-4000-8000-0000000000${member}`), randomBytes(32)));
    const [thief, stolen] = [MadeRing.of(), randomBytes(32)];
    const genuine = JSON.parse(fixture.manifest().document) as ReturnType<MadeRing['manifest']>;
    fixture.sql('DELETE FROM "RingManifests"');
    fixture.sql('DELETE FROM "DataKeys" WHERE "Id" = 1');
    fixture.sql('DELETE FROM "DataKeyWrappings" WHERE "DataKeyId" = 1');
    await fixture.putDataKey(replica, 1, stolen);
    const { ring, publicKey } = thief.manifest();
    fixture.putManifest(thief.row({ ...genuine, ring, publicKey, dataKeys: [thief.dataKey(1, stolen)] }));
    for (let member = 1; member <= 8; member += 1) {
      const id = userId(`10000000-0000-4000-8000-00000000000${member}`);
      fixture.store({ id, value: referenceSealBound(stolen, 1, id, randomBytes(32)), dataKeyId: 1 });
      fixture.sql(`UPDATE "UserKeys" SET "CreationDate" = '2027-01-01' WHERE "Id" = ?`, id.toUpperCase());
    }
    const before = fixture.contents();
    await expect(importing(await connected())).rejects.toMatchObject({ code: 'DATA_KEY_UNREADABLE' });
    expect(fixture.contents()).toEqual(before);
  });

  it('makes an empty database the classic deployment that it was: values, times and data key', async () => {
    const replica = await connected();
    expect(await importing(replica)).toEqual({ imported: members, present: 0, newer: 0 });
    const classic = new SqliteDatabase(`${classicFolder}classic.sqlite`, { readonly: true });
    const select = 'SELECT "Id", "Key", "CreationDate", "RevisionDate", "LastAccessDate" FROM "UserKeys" ORDER BY "Id"';
    expect(fixture.sql(select)).toEqual(classic.prepare(select).all());
    expect(fixture.sql('SELECT "SymmetricKey" FROM "ApplicationDatas"')).toEqual([{ SymmetricKey: json.symmetricKey }]);
    classic.close();
    await expectEveryKey(replica);
    expect(replica.keyRing.summary()).toMatchObject({ activeDataKeyId: 0, layout: 'classic' });
  });

  it('changes nothing the second time, nor when ten replicas ask at once', async () => {
    const replicas = await Promise.all(Array.from({ length: 10 }, () => connected()));
    const results = await Promise.all(replicas.map((replica) => importing(replica)));
    expect(results.map(({ imported }) => imported).sort((a, b) => b - a)).toEqual([
      members,
      ...Array<number>(9).fill(0),
    ]);
    const before = fixture.contents();
    expect(await importing(await connected())).toEqual({ imported: 0, present: members, newer: 0 });
    expect(fixture.contents()).toEqual(before);
  });

  it('is sealed anew, bound, in a database that has a data key of its own', async () => {
    const replica = await fixture.start();
    expect(await importing(replica)).toMatchObject({ imported: members });
    expect(fixture.stored(firstMember)).toMatchObject({ dataKeyId: 1, value: expect.stringMatching(/^kc2\.1\./) });
    expect(fixture.sql('SELECT * FROM "ApplicationDatas"')).toEqual([]);
    await expectEveryKey(replica);
    expect(await importing(replica)).toEqual({ imported: 0, present: members, newer: 0 });
  });

  it('is sealed bound under its own data key where the settings ask for that', async () => {
    const replica = await connected('boundOnly');
    await importing(replica);
    expect(fixture.stored(firstMember)).toMatchObject({ dataKeyId: 0, value: expect.stringMatching(/^kc2\.0\./) });
    await expectEveryKey(replica);
  });

  it('adds what is missing to the database of the same deployment', async () => {
    const replica = await connected();
    await importing(replica);
    fixture.sql('DELETE FROM "UserKeys" WHERE "Id" = ?', firstMember.toUpperCase());
    fixture.sql('UPDATE "UserKeys" SET "Id" = lower("Id") WHERE "Id" = ?', secondMember.toUpperCase());
    expect(await importing(replica)).toEqual({ imported: 1, present: members - 1, newer: 0 });
    expect(fixture.stored(firstMember)).toEqual({ id: firstMember, value: json.userKey[0]?.key, dataKeyId: null });
  });

  it('never overwrites another key, and imports nothing beside it', async () => {
    const replica = await fixture.start();
    fixture.store(replica.keyRing.seal(firstMember, randomBytes(32)));
    fixture.sql('UPDATE "UserKeys" SET "CreationDate" = ?', '2023-01-10 00:11:22.0000000');
    const before = fixture.contents();
    const refused = importing(replica);
    await expect(refused).rejects.toThrow(JsonImportConflict);
    await expect(refused).rejects.toThrow(`member ${firstMember}`);
    await expect(replica.module.get(JsonImport).runAtStart(file)).rejects.toThrow(JsonImportConflict);
    expect(fixture.contents()).toEqual(before);
  });

  it.each<[string, string, unknown]>([
    ['no time says when it was stored', '"RevisionDate" = ?', 'yesterday'],
    ['bytes stand where the time should', '"RevisionDate" = ?', randomBytes(8)],
    ['its times are no days of a calendar', '"RevisionDate" = ?', '2026-13-45 00:00:00'],
    ['it is no text', '"Key" = ?', randomBytes(60)],
  ])('takes a different key for a conflict, not for a newer one, where %s', async (_, change, value) => {
    const replica = await fixture.start();
    fixture.store(replica.keyRing.seal(firstMember, randomBytes(32)));
    fixture.sql(`UPDATE "UserKeys" SET ${change}`, value);
    await expect(importing(replica)).rejects.toThrow(`member ${firstMember}`);
  });

  it('leaves a key that was replaced here since', async () => {
    const replica = await connected();
    await importing(replica);
    await replica.keyRing.load();
    const { value } = replica.keyRing.seal(firstMember, randomBytes(32));
    const put = 'UPDATE "UserKeys" SET "Key" = ?, "RevisionDate" = ? WHERE "Id" = ?';
    fixture.sql(put, value, '2026-01-01 00:00:00.0000000', firstMember.toUpperCase());
    fixture.sql('DELETE FROM "UserKeys" WHERE "Id" = ?', secondMember.toUpperCase());
    expect(await importing(replica)).toEqual({ imported: 1, present: members - 2, newer: 1 });
    expect(fixture.stored(firstMember).value).toBe(value);
  });

  it('leaves a first key that was stored here after the file was last changed', async () => {
    const replica = await fixture.start();
    const newer = replica.keyRing.seal(firstMember, randomBytes(32));
    fixture.store(newer);
    expect(await importing(replica)).toEqual({ imported: members - 1, present: 0, newer: 1 });
    expect(fixture.stored(firstMember)).toEqual(newer);
  });

  it('keeps no start from going on once every member has a row', async () => {
    const replica = await connected();
    await importing(replica);
    fixture.sql('UPDATE "UserKeys" SET "Key" = ? WHERE "Id" = ?', 'damaged', firstMember.toUpperCase());
    await expect(importing(replica)).rejects.toThrow(JsonImportConflict);
    await expect(replica.module.get(JsonImport).runAtStart(file)).resolves.toBeUndefined();
  });

  it.each<[string, (store: typeof json) => void, RegExp]>([
    [
      'a damaged key',
      ({ userKey: [, one] }) => one && (one.key = `AAAA${one.key.slice(4)}`),
      /userKey\[1\] \(5d487080.*not_authentic/,
    ],
    [
      'a key under another data key',
      ({ userKey: [, one] }) => one && (one.key = referenceSealClassic(randomBytes(32), randomBytes(32))),
      /userKey\[1\] \(5d487080.*not_authentic/,
    ],
    [
      'a key that is too short',
      ({ userKey: [, one] }) => one && (one.key = 'AAAA'),
      /userKey\[1\] \(5d487080.*malformed/,
    ],
    [
      'a damaged data key',
      (store) => (store.symmetricKey = `AAAA${store.symmetricKey.slice(4)}`),
      /does not belong to the configured/,
    ],
  ])('is refused as a whole with %s in it', async (_, change, message) => {
    const replica = await connected();
    const refused = importing(replica, await changedFile(change));
    await expect(refused).rejects.toThrow(JsonImportRefused);
    await expect(refused).rejects.toThrow(message);
    expect(fixture.contents()).toEqual([]);
  });

  it('takes a key of any length, as the deployment served it', async () => {
    const path = await changedFile((store) => {
      store.userKey.push({
        ...json.userKey[0],
        id: alice,
        key: referenceSealClassic(Buffer.from(dataKey, 'base64'), Buffer.from('short')),
      });
    });
    const replica = await connected();
    expect(await importing(replica, path)).toMatchObject({ imported: members + 1 });
    await replica.keyRing.load();
    expect((await replica.keyRing.open(fixture.stored(alice))).toString()).toBe('short');
  });

  it('is refused with another key-encryption key', async () => {
    const other = await generateOtherKey();
    const replica = await connected('auto', other.settings);
    await expect(importing(replica)).rejects.toThrow(/does not belong to the configured key-encryption key sha256:/);
    expect(fixture.contents()).toEqual([]);
    await other.remove();
  });

  it('is taken back when the database gives back something else than was written', async () => {
    const replica = await connected();
    fixture.sql(`
      CREATE TRIGGER damage AFTER INSERT ON "UserKeys" WHEN new."Id" = '${firstMember.toUpperCase()}'
      BEGIN UPDATE "UserKeys" SET "Key" = substr("Key", 2) WHERE "Id" = new."Id"; END`);
    await expect(importing(replica)).rejects.toThrow(/gave back something else.*\n.*ccc9d7bf/);
    expect(fixture.contents()).toEqual([]);
  });

  it('does not make up for a lost data key', async () => {
    const replica = await connected();
    fixture.store({ id: alice, value: 'kc2.1.AAAA', dataKeyId: null });
    await expect(importing(replica)).rejects.toMatchObject({ code: 'DATA_KEY_LOST' });
    expect(fixture.sql('SELECT * FROM "ApplicationDatas"')).toEqual([]);
  });
});
