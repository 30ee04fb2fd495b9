import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { UserKeyUnreadable } from '@key-connector/key-ring';
import { alice, KeyRingFixture, type Replica, userId } from '@key-connector/key-ring/testing';
import { Logger } from '@nestjs/common';
import { MemberKeys } from './member-keys.js';
import { MemberUnknown, ReplacedKeyRefused } from './user-keys.errors.js';
import { UserKeyWriter } from './user-key-writer.js';
import { MemberKeysModule } from './user-keys.module.js';
import { userKeysSettingsSchema } from './user-keys.settings.js';

const bob = userId('bbbbbbbb-0000-4000-8000-000000000002');
const settings = { ...userKeysSettingsSchema.parse({}), replaceGuardMinutes: 0 };

describe('an operator', () => {
  let fixture: KeyRingFixture;
  let replica: Replica;
  let members: MemberKeys;
  let writer: UserKeyWriter;

  const put = (key: Buffer, id = alice): Promise<unknown> => writer.store({ id, key, kind: 'put' });
  const current = async (id = alice): Promise<Buffer> => replica.keyRing.open(fixture.stored(id));
  const entries = async (id = alice): Promise<{ id: number; cause: string }[]> =>
    (await members.history(id)).replaced.map((entry) => ({ id: entry.id, cause: entry.cause }));
  const newest = async (): Promise<number> => (await entries()).at(-1)?.id ?? 0;

  const start = async (contents: 'empty' | 'classic'): Promise<void> => {
    fixture = await KeyRingFixture.create(contents, (rooms) => [MemberKeysModule.on(settings, ...rooms)]);
    replica = await fixture.start();
    members = replica.module.get(MemberKeys);
    writer = replica.module.get(UserKeyWriter, { strict: false });
  };

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await start('empty');
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await fixture.remove();
  });

  test('sees what was replaced, and since when it was the member’s, and never a key', async () => {
    const [first, second] = [randomBytes(32), randomBytes(32)];
    await put(first);
    await put(second);
    await put(second);
    const { current: now, replaced } = await members.history(alice);
    expect(now?.dataKeyId).toBe(1);
    expect(replaced).toEqual([
      { id: 1, since: expect.any(Date), replaced: expect.any(Date), cause: 'replaced', dataKeyId: 1 },
    ]);
    expect(now?.since).toEqual(replaced[0]?.replaced);
    expect(await members.history(bob)).toEqual({ current: undefined, replaced: [] });
  });

  test('brings a replaced key back, and can undo that', async () => {
    const [good, wrong] = [randomBytes(32), randomBytes(32)];
    await put(good);
    await put(wrong);
    expect(await members.restore(alice, await newest(), { dryRun: true })).toBe('restored');
    expect(await current()).toEqual(wrong);
    expect(await members.restore(alice, await newest())).toBe('restored');
    expect(await current()).toEqual(good);
    expect((await entries()).map(({ cause }) => cause)).toEqual(['replaced', 'restored']);
    expect(await members.restore(alice, 1)).toBe('same');
    expect(await members.restore(alice, await newest())).toBe('restored');
    expect(await current()).toEqual(wrong);
  });

  test('brings a deleted key back', async () => {
    const good = randomBytes(32);
    await put(good);
    expect(await members.delete(alice, { dryRun: true })).toBe(1);
    expect(await members.delete(alice)).toBe(1);
    expect(fixture.sql('SELECT 1 FROM "UserKeys"')).toEqual([]);
    await expect(members.delete(alice)).rejects.toThrow(MemberUnknown);
    expect(await members.restore(alice, await newest())).toBe('restored');
    expect(await current()).toEqual(good);
  });

  test('leaves nothing of a member who is purged, and all of the others', async () => {
    for (const id of [alice, bob]) for (let n = 0; n < 3; n += 1) await put(randomBytes(32), id);
    expect(await members.delete(alice, { purge: true, dryRun: true })).toBe(3);
    expect(await members.delete(alice, { purge: true })).toBe(3);
    expect([await entries(alice), (await entries(bob)).length]).toEqual([[], 2]);
    expect(fixture.sql('SELECT 1 FROM "UserKeys"')).toHaveLength(1);
  });

  test('is refused a key of another member, one that is not there, and one that does not open', async () => {
    await put(randomBytes(32));
    await put(randomBytes(32));
    await put(randomBytes(32), bob);
    await expect(members.restore(bob, 1)).rejects.toThrow(ReplacedKeyRefused);
    await expect(members.restore(alice, 99)).rejects.toThrow('no replaced key of this number');
    // Moved to another member, it does not open.
    fixture.sql('UPDATE "UserKeyHistory" SET "UserId" = ?', bob.toUpperCase());
    await expect(members.restore(bob, 1)).rejects.toThrow(UserKeyUnreadable);
  });

  test('says that a classic key is the member’s: nothing else does', async () => {
    await fixture.remove();
    await start('classic');
    const [row] = fixture.sql<{ Id: string; Key: string }>('SELECT "Id", "Key" FROM "UserKeys" ORDER BY 1');
    const id = row === undefined ? alice : (row.Id.toLowerCase() as typeof alice);
    const good = await current(id);
    await put(randomBytes(32), id);
    const [entry] = await entries(id);
    await expect(members.restore(id, entry?.id ?? 0)).rejects.toThrow('nothing ties it to this member');
    expect(await members.restore(id, entry?.id ?? 0, { unbound: true })).toBe('restored');
    expect(await current(id)).toEqual(good);
  });

  test('writes nothing under a manifest that does not count', async () => {
    const good = randomBytes(32);
    await put(good);
    await put(randomBytes(32));
    const before = fixture.sql('SELECT * FROM "UserKeys"');
    fixture.sql(`UPDATE "RingManifests" SET "Signature" = 'another one'`);
    await expect(members.restore(alice, 1)).rejects.toThrow();
    await expect(members.delete(alice)).rejects.toThrow();
    await expect(put(randomBytes(32))).rejects.toThrow();
    expect(fixture.sql('SELECT * FROM "UserKeys"')).toEqual(before);
    expect(fixture.sql('SELECT 1 FROM "UserKeyHistory"')).toHaveLength(1);
  });

  test('finds the good key of a member whose thief put others without end', async () => {
    const good = randomBytes(32);
    await put(good);
    for (let n = 0; n < 100; n += 1) await put(randomBytes(32));
    expect(await entries()).toHaveLength(32);
    expect(await members.restore(alice, 1)).toBe('restored');
    expect(await current()).toEqual(good);
    expect(await entries()).toHaveLength(32);
  });
});
