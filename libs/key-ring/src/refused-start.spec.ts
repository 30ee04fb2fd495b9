import { randomBytes } from 'node:crypto';
import type { UserId } from '@key-connector/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { wrapAsClassicSoftware } from './testing/classic-software.js';
import { expectRefused } from './testing/expect-refused.js';
import { failuresOf, KeyRingFixture } from './testing/key-ring-fixture.js';
import { generateOtherKey } from './testing/other-key.js';
import { alice, bob, userId } from './testing/user-id.js';

let fixture: KeyRingFixture;
const numbered = (n: number): UserId => userId(`00000000-0000-4000-8000-00000000000${n}`);
afterEach(() => fixture.remove());

describe('the key ring refuses to start, and changes nothing,', () => {
  it('when there are user keys and no data key', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    fixture.store({ ...keyRing.seal(alice, randomBytes(32)), dataKeyId: null });
    fixture.sql('DELETE FROM "DataKeyWrappings"');
    fixture.sql('DELETE FROM "DataKeys"');
    fixture.sql('DELETE FROM "RingManifests"');
    for (const layout of ['auto', 'classic', 'bound', 'boundOnly'] as const)
      await expectRefused(fixture, { code: 'DATA_KEY_LOST', message: expect.stringContaining('backup') }, layout);
  });

  it('when a classic data key is damaged, of another RSA key, or not 32 bytes', async () => {
    fixture = await KeyRingFixture.create('classic');
    const other = await generateOtherKey();
    await other.remove();
    const foreign = wrapAsClassicSoftware(randomBytes(32), other.publicKey);
    const short = wrapAsClassicSoftware(randomBytes(16));
    for (const wrapping of ['', 'AAAA', randomBytes(256).toString('base64'), foreign, short]) {
      fixture.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', wrapping);
      await expectRefused(fixture, {
        code: 'DATA_KEY_UNREADABLE',
        message: expect.stringContaining('ApplicationDatas'),
      });
    }
  });

  it('when the data key of a classic deployment opens none of its user keys, so that the right one can be put back', async () => {
    fixture = await KeyRingFixture.create('classic');
    const [right] = fixture.sql<{ SymmetricKey: string }>('SELECT "SymmetricKey" FROM "ApplicationDatas"');
    fixture.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', wrapAsClassicSoftware(randomBytes(32)));
    await expectRefused(fixture, { code: 'DATA_KEY_UNREADABLE', message: expect.stringContaining('user keys opens') });
    expect(fixture.sql('SELECT * FROM "DataKeys"')).toEqual([]);
    fixture.sql('UPDATE "ApplicationDatas" SET "SymmetricKey" = ?', right?.SymmetricKey ?? '');
    expect((await fixture.start()).keyRing.loaded).toBe(true);
  });

  it('when a classic deployment is told to refuse classic values while there are some', async () => {
    fixture = await KeyRingFixture.create('classic');
    await expectRefused(fixture, { code: 'SETTINGS_INVALID' }, 'boundOnly');
    expect(fixture.sql('SELECT * FROM "DataKeys"')).toEqual([]);
  });

  it('when a wrapping is damaged', async () => {
    fixture = await KeyRingFixture.create();
    await fixture.start();
    for (const damage of ['', 'AAAA', randomBytes(256).toString('base64')]) {
      fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ?', damage);
      await expectRefused(fixture, {
        code: 'DATA_KEY_UNREADABLE',
        message: expect.stringContaining('DataKeyWrappings'),
      });
    }
  });

  it('when another key-encryption key is configured, and names those that would do', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    const other = await generateOtherKey();
    const [wrapping] = fixture.sql<{ KekId: string; KeyReference: string }>('SELECT * FROM "DataKeyWrappings"');
    expect(keyRing.summary().keyEncryptionKey).toContain(wrapping?.KekId);
    const message = expect.stringContaining(`${wrapping?.KekId ?? ''} (${wrapping?.KeyReference ?? ''})`);
    await expectRefused(fixture, { code: 'RING_REFUSED', message }, 'auto', other.settings);
    await other.remove();
  });

  it('when the data key opens none of the stored user keys', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    const sealed = keyRing.seal(alice, randomBytes(32));
    fixture.store({ ...sealed, id: bob });
    const message = expect.stringContaining('None of the 1 newest user keys opens');
    await expectRefused(fixture, { code: 'DATA_KEY_UNREADABLE', message });
    fixture.store(sealed);
    const replica = await fixture.start();
    expect(await failuresOf(replica)).toEqual({ not_authentic: 1 });
  });

  it('when the data key opens one value that someone has put there, and no other', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    for (let member = 1; member <= 7; member += 1)
      fixture.store({ ...keyRing.seal(alice, randomBytes(32)), id: numbered(member) });
    fixture.store(keyRing.seal(bob, randomBytes(32)));
    const message = expect.stringContaining('Only 1 of the 8 newest user keys open');
    await expectRefused(fixture, { code: 'DATA_KEY_UNREADABLE', message });
  });

  it('but starts while as many values open as do not, and counts these', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    for (let member = 1; member <= 8; member += 1)
      fixture.store({ ...keyRing.seal(member <= 4 ? alice : numbered(member), randomBytes(32)), id: numbered(member) });
    expect(await failuresOf(await fixture.start())).toEqual({ not_authentic: 4 });
  });

  it('when told to write classic where the manifest asks for more', async () => {
    fixture = await KeyRingFixture.create();
    await fixture.start();
    await expectRefused(
      fixture,
      { code: 'SETTINGS_INVALID', message: expect.stringContaining('boundOnly') },
      'classic',
    );
  });
});
