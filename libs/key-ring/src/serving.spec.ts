import { randomBytes } from 'node:crypto';
import type { StoredUserKey } from '@key-connector/database';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Manifest } from './manifest/manifest.js';
import { failuresOf, KeyRingFixture } from './testing/key-ring-fixture.js';
import { alice, bob } from './testing/user-id.js';

let fixture: KeyRingFixture;
afterEach(() => fixture.remove());

describe('while serving, the key ring', () => {
  it('answers every unreadable value alike, and tells the causes apart in the metrics', async () => {
    fixture = await KeyRingFixture.create('classic');
    const replica = await fixture.start('bound');
    const { keyRing } = replica;
    const sealed = keyRing.seal(alice, randomBytes(32));
    const bad: Omit<StoredUserKey, 'id'>[] = [
      { value: '', dataKeyId: null },
      { value: sealed.value.slice(0, -4), dataKeyId: 0 },
      { value: keyRing.seal(bob, randomBytes(32)).value, dataKeyId: 0 },
      { value: sealed.value, dataKeyId: 1 },
      { value: 'AAAA', dataKeyId: 0 },
      { value: sealed.value.replace('kc2.0', 'kc2.9'), dataKeyId: 9 },
    ];
    const messages = new Set<string>();
    for (const row of bad)
      await keyRing.open({ ...row, id: alice }).catch((error: unknown) => messages.add(String(error)));
    expect([...messages]).toEqual(['UserKeyUnreadable: The stored key cannot be opened.']);
    expect(await failuresOf(replica)).toEqual({
      malformed: 1,
      not_authentic: 2,
      data_key_id_mismatch: 1,
      classic_where_bound_expected: 1,
      unknown_data_key: 1,
    });
  });

  it('meets a data key that an operator has added, opens its values, and writes with it', async () => {
    fixture = await KeyRingFixture.create();
    const [old, rotated] = [await fixture.start(), await fixture.start()];
    const bytes = randomBytes(32);
    const ring = await fixture.operator(old);
    await fixture.putDataKey(old, 2, bytes);
    const first = fixture.manifest();
    const { dataKeys } = JSON.parse(first.document) as Manifest;
    fixture.putManifest(ring.next(first, { activeDataKeyId: 2, dataKeys: [...dataKeys, ring.dataKey(2, bytes)] }));
    await rotated.keyRing.refresh();
    const key = randomBytes(32);
    const sealed = rotated.keyRing.seal(alice, key);
    expect(sealed.dataKeyId).toBe(2);
    const reads = Array.from({ length: 50 }, () => old.keyRing.open(sealed));
    expect(await Promise.all(reads)).toEqual(reads.map(() => key));
    expect(old.keyRing.sealer()).toMatchObject({ fence: { version: 2, passedOver: [] } });
    expect(old.keyRing.seal(alice, key).dataKeyId).toBe(2);
  });

  it('goes on with the data keys in memory when the new one does not open', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    const key = randomBytes(32);
    const sealed = keyRing.seal(alice, key);
    fixture.sql(`INSERT INTO "DataKeys" VALUES (2, '2026-01-01 00:00:00')`);
    const unknown = { id: alice, value: sealed.value.replace('kc2.1', 'kc2.2'), dataKeyId: 2 };
    await expect(keyRing.open(unknown)).rejects.toMatchObject({ code: 'USER_KEY_UNREADABLE' });
    await expect(keyRing.open(sealed)).resolves.toEqual(key);
  });
});
