import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { expectRefused } from './testing/expect-refused.js';
import { KeyRingFixture, classicFolder } from './testing/key-ring-fixture.js';
import { referenceOpenClassic } from './testing/reference-layouts.js';
import { alice, userId } from './testing/user-id.js';

const expected = JSON.parse(readFileSync(`${classicFolder}expected.json`, 'utf8')) as {
  dataKey: string;
  users: Record<string, { key: string }>;
};
const classicDataKey = Buffer.from(expected.dataKey, 'base64');

let fixture: KeyRingFixture;
afterEach(() => fixture.remove());

describe('on a classic deployment’s database, the key ring', () => {
  it('adopts the data key and opens every user’s key', async () => {
    fixture = await KeyRingFixture.create('classic');
    const before = fixture.sql('SELECT * FROM "ApplicationDatas"');
    const { keyRing } = await fixture.start();
    expect(keyRing.summary()).toMatchObject({ activeDataKeyId: 0, layout: 'classic' });
    for (const [id, { key }] of Object.entries(expected.users)) {
      const user = userId(id);
      expect((await keyRing.open(fixture.stored(user))).toString('base64')).toBe(key);
    }
    expect(fixture.sql('SELECT * FROM "ApplicationDatas"')).toEqual(before);
    expect(fixture.sql('SELECT "Algorithm" FROM "DataKeyWrappings"')).toEqual([
      { Algorithm: 'RSA-OAEP-256' },
      { Algorithm: 'RSA-OAEP-256' },
    ]);
  });

  it('writes what the deployment’s own software reads', async () => {
    fixture = await KeyRingFixture.create('classic');
    const key = randomBytes(32);
    const sealed = (await fixture.start()).keyRing.seal(alice, key);
    expect(sealed.dataKeyId).toBeNull();
    expect(referenceOpenClassic(classicDataKey, sealed.value)).toEqual(key);
  });

  it('counts the first row of ApplicationDatas when there are several', async () => {
    fixture = await KeyRingFixture.create('classic');
    fixture.sql('INSERT INTO "ApplicationDatas" ("SymmetricKey") VALUES (?)', randomBytes(256).toString('base64'));
    await expect(fixture.start()).resolves.toBeDefined();
  });

  it('adopts once when ten replicas start at once', async () => {
    fixture = await KeyRingFixture.create('classic');
    const replicas = await Promise.all(Array.from({ length: 10 }, () => fixture.replica()));
    await Promise.all(replicas.map((replica) => replica.load()));
    expect(fixture.sql('SELECT "Id" FROM "DataKeys"')).toEqual([{ Id: -1 }, { Id: 0 }]);
  });

  it('seals bound under data key 0 when told to, and reads both', async () => {
    fixture = await KeyRingFixture.create('classic');
    const { keyRing } = await fixture.start('bound');
    const key = randomBytes(32);
    const sealed = keyRing.seal(alice, key);
    expect(sealed).toMatchObject({ dataKeyId: 0, value: expect.stringMatching(/^kc2\.0\./) });
    await expect(keyRing.open(sealed)).resolves.toEqual(key);
    const [id = '', { key: classic } = { key: '' }] = Object.entries(expected.users)[0] ?? [];
    const user = userId(id);
    expect((await keyRing.open(fixture.stored(user))).toString('base64')).toBe(classic);
  });

  it('refuses boundOnly while classic values are left, and starts when they are gone', async () => {
    fixture = await KeyRingFixture.create('classic');
    const { keyRing } = await fixture.start('bound');
    await expectRefused(
      fixture,
      { code: 'SETTINGS_INVALID', message: expect.stringContaining('bound until') },
      'boundOnly',
    );
    fixture.sql('DELETE FROM "UserKeys"');
    fixture.store(keyRing.seal(alice, randomBytes(32)));
    await expect(fixture.start('boundOnly')).resolves.toBeDefined();
  });

  describe('with bound', () => {
    const [first = alice, second = alice] = Object.keys(expected.users).map(userId);
    const classicOf = (member: typeof alice): string => fixture.stored(member).value;

    it('serves a classic value in another member’s row as long as there are any, when the column is empty', async () => {
      fixture = await KeyRingFixture.create('classic');
      const { keyRing } = await fixture.start('bound');
      const moved = { id: second, value: classicOf(first), dataKeyId: null };
      expect((await keyRing.open(moved)).toString('base64')).toBe(expected.users[first]?.key);
      expect(keyRing.summary().layout).toBe('bound');
    });

    it('refuses it from the first start on that finds none left', async () => {
      fixture = await KeyRingFixture.create('classic');
      const before = await fixture.start('bound');
      const moved = { id: second, value: classicOf(first), dataKeyId: null };
      fixture.sql('DELETE FROM "UserKeys"');
      fixture.store(before.keyRing.seal(alice, randomBytes(32)));
      const { keyRing } = await fixture.start('bound');
      expect(keyRing.summary().layout).toBe('boundOnly');
      await expect(keyRing.open(moved)).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    });

    it('stays as it is where there is no value at all: a replica that still writes classic may be the first', async () => {
      fixture = await KeyRingFixture.create('classic');
      const classic = await fixture.start();
      fixture.sql('DELETE FROM "UserKeys"');
      const { keyRing } = await fixture.start('bound');
      const key = randomBytes(32);
      expect(keyRing.summary().layout).toBe('bound');
      await expect(keyRing.open(classic.keyRing.seal(alice, key))).resolves.toEqual(key);
    });

    it('goes back to what is there when a classic value has come meanwhile', async () => {
      fixture = await KeyRingFixture.create('classic');
      const { keyRing } = await fixture.start('bound');
      const value = classicOf(first);
      fixture.sql('DELETE FROM "UserKeys"');
      fixture.store(keyRing.seal(alice, randomBytes(32)));
      expect((await fixture.start('bound')).keyRing.summary().layout).toBe('boundOnly');
      fixture.store({ id: first, value, dataKeyId: null });
      expect((await fixture.start('bound')).keyRing.summary().layout).toBe('bound');
    });

    it('means boundOnly in a database that never had a classic data key', async () => {
      fixture = await KeyRingFixture.create();
      expect((await fixture.start('bound')).keyRing.summary().layout).toBe('boundOnly');
    });
  });
});
