import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { UserId } from '@key-connector/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openAsClassicSoftware, wrapAsClassicSoftware } from './testing/classic-software.js';
import { KeyRingFixture, classicFolder, type Replica } from './testing/key-ring.fixture.js';
import { referenceOpenClassic } from './testing/reference.layouts.js';
import { generateOtherKey } from './testing/other-key.js';
import { userId } from './testing/user-id.js';
import type { SealedKey } from './sealed-key.js';

const expected = JSON.parse(readFileSync(`${classicFolder}expected.json`, 'utf8')) as {
  dataKey: string;
  users: Record<string, { key: string }>;
};
const classicDataKey = Buffer.from(expected.dataKey, 'base64');
const alice = userId('aaaaaaaa-0000-4000-8000-000000000001');
const bob = userId('bbbbbbbb-0000-4000-8000-000000000002');

let fixture: KeyRingFixture;
afterEach(() => fixture.remove());

const store = (user: UserId, { value, dataKeyId }: SealedKey): void => {
  const insert = 'INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES (?, ?, ?, ?)';
  fixture.sql(insert, user.toUpperCase(), value, dataKeyId, '2026-01-01 00:00:00.0000000');
};
const stored = (user: UserId): SealedKey => {
  const select = 'SELECT "Key" AS value, "DataKeyId" AS dataKeyId FROM "UserKeys" WHERE "Id" = ?';
  const [row] = fixture.sql<SealedKey>(select, user.toUpperCase());
  if (row === undefined) throw new Error(`no row for ${user}`);
  return row;
};
const failures = async ({ metrics }: Replica): Promise<Record<string, number>> => {
  const metric = await metrics.registry.getSingleMetric('key_connector_user_key_open_failures_total')?.get();
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels['reason']), value]));
};
const loaded = async (...parameters: Parameters<KeyRingFixture['replica']>): Promise<Replica> => {
  const replica = await fixture.replica(...parameters);
  await replica.load();
  return replica;
};
/** Expects a start to be refused, and to leave everything as it was. */
const expectRefused = async (error: object, ...parameters: Parameters<KeyRingFixture['replica']>): Promise<void> => {
  const replica = await fixture.replica(...parameters);
  const before = fixture.contents();
  await expect(replica.load()).rejects.toMatchObject(error);
  expect(fixture.contents()).toEqual(before);
  expect(replica.keyRing.loaded).toBe(false);
};

describe('on an empty database, the key ring', () => {
  it('creates one data key, in the bound layout', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await loaded();
    expect(keyRing.summary()).toMatchObject({ activeDataKeyId: 1, layout: 'boundOnly' });
    expect(fixture.sql('SELECT "Id" FROM "DataKeys"')).toEqual([{ Id: 1 }]);
    expect(fixture.sql('SELECT * FROM "ApplicationDatas"')).toEqual([]);
    expect(fixture.sql('SELECT "DataKeyId", "KekId", "KeyReference", "Algorithm" FROM "DataKeyWrappings"')).toEqual([
      {
        DataKeyId: 1,
        KekId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        KeyReference: expect.stringMatching(/^certificate:sha1:[0-9a-f]{40}$/),
        Algorithm: 'RSA-OAEP-256',
      },
    ]);
  });

  it('creates what classic software understands when told to write classic', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await loaded('classic');
    const sealed = keyRing.seal(alice, randomBytes(32));
    expect(sealed.dataKeyId).toBeNull();
    const rows = fixture.sql<{ SymmetricKey: string }>('SELECT * FROM "ApplicationDatas"');
    expect(rows).toHaveLength(1);
    const key = openAsClassicSoftware(rows[0]?.SymmetricKey ?? '');
    expect(() => referenceOpenClassic(key, sealed.value)).not.toThrow();
  });

  it('leaves one data key when ten replicas start at once, and all of them use it', async () => {
    fixture = await KeyRingFixture.create();
    const replicas = await Promise.all(Array.from({ length: 10 }, () => fixture.replica()));
    await Promise.all(replicas.map((replica) => replica.load()));
    expect(fixture.sql('SELECT * FROM "DataKeyWrappings"')).toHaveLength(1);
    const key = randomBytes(32);
    for (const writer of replicas) {
      const sealed = writer.keyRing.seal(alice, key);
      for (const reader of replicas) await expect(reader.keyRing.open(alice, sealed)).resolves.toEqual(key);
    }
  });

  it('opens after a restart what it sealed before', async () => {
    fixture = await KeyRingFixture.create();
    const key = randomBytes(32);
    store(alice, await loaded().then(({ keyRing }) => keyRing.seal(alice, key)));
    await expect((await loaded()).keyRing.open(alice, stored(alice))).resolves.toEqual(key);
  });

  it('is not ready before it is loaded', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.replica();
    expect(() => keyRing.seal(alice, randomBytes(32))).toThrow('not loaded yet');
    await expect(keyRing.open(alice, { value: '', dataKeyId: null })).rejects.toMatchObject({ code: 'NOT_READY' });
  });
});

describe('on a classic deployment’s database, the key ring', () => {
  it('adopts the data key and opens every user’s key', async () => {
    fixture = await KeyRingFixture.create('classic');
    const before = fixture.sql('SELECT * FROM "ApplicationDatas"');
    const { keyRing } = await loaded();
    expect(keyRing.summary()).toMatchObject({ activeDataKeyId: 0, layout: 'classic' });
    for (const [id, { key }] of Object.entries(expected.users)) {
      const user = userId(id);
      expect((await keyRing.open(user, stored(user))).toString('base64')).toBe(key);
    }
    expect(fixture.sql('SELECT * FROM "ApplicationDatas"')).toEqual(before);
    expect(fixture.sql('SELECT "Algorithm" FROM "DataKeyWrappings"')).toEqual([{ Algorithm: 'RSA-OAEP' }]);
  });

  it('writes what the deployment’s own software reads', async () => {
    fixture = await KeyRingFixture.create('classic');
    const key = randomBytes(32);
    const sealed = (await loaded()).keyRing.seal(alice, key);
    expect(sealed.dataKeyId).toBeNull();
    expect(referenceOpenClassic(classicDataKey, sealed.value)).toEqual(key);
  });

  it('counts the first row of ApplicationDatas when there are several', async () => {
    fixture = await KeyRingFixture.create('classic');
    fixture.sql('INSERT INTO "ApplicationDatas" ("SymmetricKey") VALUES (?)', randomBytes(256).toString('base64'));
    await expect(loaded()).resolves.toBeDefined();
  });

  it('adopts once when ten replicas start at once', async () => {
    fixture = await KeyRingFixture.create('classic');
    const replicas = await Promise.all(Array.from({ length: 10 }, () => fixture.replica()));
    await Promise.all(replicas.map((replica) => replica.load()));
    expect(fixture.sql('SELECT "Id" FROM "DataKeys"')).toEqual([{ Id: 0 }]);
  });

  it('seals bound under data key 0 when told to, and reads both', async () => {
    fixture = await KeyRingFixture.create('classic');
    const { keyRing } = await loaded('bound');
    const key = randomBytes(32);
    const sealed = keyRing.seal(alice, key);
    expect(sealed).toMatchObject({ dataKeyId: 0, value: expect.stringMatching(/^kc2\.0\./) });
    await expect(keyRing.open(alice, sealed)).resolves.toEqual(key);
    const [id = '', { key: classic } = { key: '' }] = Object.entries(expected.users)[0] ?? [];
    const user = userId(id);
    expect((await keyRing.open(user, stored(user))).toString('base64')).toBe(classic);
  });

  it('refuses boundOnly while classic values are left, and starts when they are gone', async () => {
    fixture = await KeyRingFixture.create('classic');
    const { keyRing } = await loaded('bound');
    await expectRefused({ code: 'SETTINGS_INVALID', message: expect.stringContaining('bound until') }, 'boundOnly');
    fixture.sql('DELETE FROM "UserKeys"');
    store(alice, keyRing.seal(alice, randomBytes(32)));
    await expect(loaded('boundOnly')).resolves.toBeDefined();
  });
});

describe('the key ring refuses to start, and changes nothing,', () => {
  it('when there are user keys and no data key', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await loaded();
    store(alice, { ...keyRing.seal(alice, randomBytes(32)), dataKeyId: null });
    fixture.sql('DELETE FROM "DataKeyWrappings"');
    fixture.sql('DELETE FROM "DataKeys"');
    for (const layout of ['auto', 'classic', 'bound', 'boundOnly'] as const)
      await expectRefused({ code: 'DATA_KEY_LOST', message: expect.stringContaining('backup') }, layout);
  });

  it('when a classic data key is damaged, of another RSA key, or not 32 bytes', async () => {
    fixture = await KeyRingFixture.create('classic');
    const other = await generateOtherKey();
    const foreign = wrapAsClassicSoftware(randomBytes(32), other.publicKey);
    const short = wrapAsClassicSoftware(randomBytes(16));
    for (const wrapping of ['', 'AAAA', randomBytes(256).toString('base64'), foreign, short]) {
      fixture.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', wrapping);
      await migrated();
      await expectRefused({ code: 'DATA_KEY_UNREADABLE', message: expect.stringContaining('ApplicationDatas') });
    }
    await other.remove();
  });

  it('when a wrapping is damaged', async () => {
    fixture = await KeyRingFixture.create();
    await loaded();
    for (const damage of ['', 'AAAA', randomBytes(256).toString('base64')]) {
      fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?', damage);
      await expectRefused({ code: 'DATA_KEY_UNREADABLE', message: expect.stringContaining('DataKeyWrappings') });
    }
  });

  it('when another key-encryption key is configured, and names those that would do', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await loaded();
    const other = await generateOtherKey();
    const [wrapping] = fixture.sql<{ KekId: string; KeyReference: string }>('SELECT * FROM "DataKeyWrappings"');
    expect(keyRing.summary().keyEncryptionKey).toContain(wrapping?.KekId);
    const message = expect.stringContaining(`${wrapping?.KekId ?? ''} (${wrapping?.KeyReference ?? ''})`);
    await expectRefused({ code: 'DATA_KEY_UNREADABLE', message }, 'auto', other.settings);
    await other.remove();
  });

  it('when the data key opens none of the stored user keys', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await loaded();
    const sealed = keyRing.seal(alice, randomBytes(32));
    store(bob, sealed);
    const message = expect.stringContaining('None of the 1 newest user keys opens');
    await expectRefused({ code: 'DATA_KEY_UNREADABLE', message });
    store(alice, sealed);
    const replica = await loaded();
    expect(await failures(replica)).toEqual({ not_authentic: 1 });
  });

  it('when told to write classic under a data key that classic software does not know', async () => {
    fixture = await KeyRingFixture.create();
    await loaded();
    await expectRefused({ code: 'SETTINGS_INVALID' }, 'classic');
  });
});

describe('while serving, the key ring', () => {
  it('answers every unreadable value alike, and tells the causes apart in the metrics', async () => {
    fixture = await KeyRingFixture.create('classic');
    const replica = await loaded('bound');
    const { keyRing } = replica;
    const sealed = keyRing.seal(alice, randomBytes(32));
    const bad: SealedKey[] = [
      { value: '', dataKeyId: null },
      { value: sealed.value.slice(0, -4), dataKeyId: 0 },
      { value: keyRing.seal(bob, randomBytes(32)).value, dataKeyId: 0 },
      { value: sealed.value, dataKeyId: 1 },
      { value: 'AAAA', dataKeyId: 0 },
      { value: sealed.value.replace('kc2.0', 'kc2.9'), dataKeyId: 9 },
    ];
    const messages = new Set<string>();
    for (const value of bad) await keyRing.open(alice, value).catch((error: unknown) => messages.add(String(error)));
    expect([...messages]).toEqual(['UserKeyUnreadable: The stored key cannot be opened.']);
    expect(await failures(replica)).toEqual({
      malformed: 1,
      not_authentic: 2,
      data_key_id_mismatch: 1,
      classic_where_bound_expected: 1,
      unknown_data_key: 1,
    });
  });

  it('meets a data key that another replica has added, and opens its values', async () => {
    fixture = await KeyRingFixture.create();
    const [old, { keyRing: donor }] = [await loaded(), await loaded()];
    expect(donor.summary().activeDataKeyId).toBe(1);
    fixture.sql(`INSERT INTO "DataKeys" VALUES (2, '2026-01-01 00:00:00')`);
    fixture.sql(
      'INSERT INTO "DataKeyWrappings" SELECT 2, "KekId", "KeyReference", "Algorithm", "WrappedKey", "CreationDate" FROM "DataKeyWrappings"',
    );
    const { keyRing: rotated } = await loaded();
    const key = randomBytes(32);
    const sealed = rotated.seal(alice, key);
    expect(sealed.dataKeyId).toBe(2);
    const reads = Array.from({ length: 50 }, () => old.keyRing.open(alice, sealed));
    expect(await Promise.all(reads)).toEqual(reads.map(() => key));
    expect(old.keyRing.summary().activeDataKeyId).toBe(2);
  });

  it('goes on with the data keys in memory when the new one does not open', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await loaded();
    const key = randomBytes(32);
    const sealed = keyRing.seal(alice, key);
    fixture.sql(`INSERT INTO "DataKeys" VALUES (2, '2026-01-01 00:00:00')`);
    const unknown = { value: sealed.value.replace('kc2.1', 'kc2.2'), dataKeyId: 2 };
    await expect(keyRing.open(alice, unknown)).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    await expect(keyRing.open(alice, sealed)).resolves.toEqual(key);
  });
});

/** Brings the tables up to date and nothing more. */
async function migrated(): Promise<void> {
  const replica = await fixture.replica();
  await replica.load().catch(() => undefined);
}
