import { createSecretKey, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type KeyEncryptionKey, KeyProvider, type KeyProviderSettings } from '@key-connector/crypto-providers';
import { createSeed, openSeed } from '@key-connector/recovery-keys';
import { openAsClassicSoftware } from '../testing/classic-software.js';
import { classicKey, KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { generateOtherKey, type OtherKey } from '../testing/other-key.js';
import { referenceOpenClassic } from '../testing/reference-layouts.js';
import { alice } from '../testing/user-id.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { KekChanges } from './kek-changes.js';
import { wrapForClassicSoftware } from './kek-wrapper.js';
import { RecoveryChanges } from './recovery-changes.js';
import { RingChanges, type RingView } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';
import { RingRekey } from './ring-rekey.js';

const memberKey = randomBytes(32);

const create = (contents: 'empty' | 'classic'): Promise<KeyRingFixture> =>
  KeyRingFixture.create(contents, (rooms) => [RingChangesModule.on(...rooms)]);
const look = ({ module }: Replica): Promise<RingView> => module.get(RingChanges).look();
const open = ({ settings }: OtherKey): Promise<KeyEncryptionKey> => new KeyProvider(settings).open();

describe('the key-encryption keys of a ring', () => {
  let fixture: KeyRingFixture;
  let operator: Replica;
  let other: OtherKey;
  beforeEach(async () => {
    fixture = await create('empty');
    operator = await fixture.start();
    fixture.store(operator.keyRing.seal(alice, memberKey));
    other = await generateOtherKey();
  });
  afterEach(async () => {
    await fixture.remove();
    await other.remove();
  });

  /** The commands of an operator, which know no data key yet. */
  const commands = async (keyProvider: KeyProviderSettings): Promise<Replica> => {
    const replica = await fixture.replica('auto', keyProvider);
    await replica.connect();
    return replica;
  };

  describe('after rsaKey__oaepHash was changed,', () => {
    const changed: KeyProviderSettings = { ...classicKey, oaepHash: 'sha1' };
    const expectToOpenEverywhere = async (): Promise<void> => {
      await operator.keyRing.refresh();
      expect(operator.keyRing.sealer()).toBeDefined();
      for (const settings of [classicKey, changed]) {
        const started = await fixture.start('auto', settings);
        expect(await started.keyRing.open(fixture.stored(alice))).toEqual(memberKey);
      }
    };

    it('a rotation wraps as the manifest says, so that every replica opens the new data key', async () => {
      const commander = await commands(changed);
      await commander.module.get(DataKeyRotation).rotate(await look(commander));

      await expectToOpenEverywhere();
    });

    it('what kek remove wraps anew opens everywhere', async () => {
      const added = await open(other);
      await operator.module.get(KekChanges).add(await look(operator), added);
      const commander = await commands(changed);
      await commander.module.get(KekChanges).remove(await look(commander), added.id);

      await expectToOpenEverywhere();
    });

    it('the identity of a rekey opens for the commands that follow', async () => {
      const commander = await commands(changed);
      await commander.module.get(RingRekey).rekey(await look(commander));

      const next = await commands(classicKey);
      await expect(next.module.get(DataKeyRotation).rotate(await look(next))).resolves.toMatchObject({ version: 3 });
    });
  });

  it('stay as they are where the identity does not open, and the refusal names its row', async () => {
    const damaged = randomBytes(256).toString('base64');
    fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ? WHERE "DataKeyId" = -1', damaged);
    const before = fixture.contents();

    const adding = operator.module.get(KekChanges).add(await look(operator), await open(other));

    await expect(adding).rejects.toMatchObject({
      code: 'DATA_KEY_UNREADABLE',
      message: expect.stringContaining('row -1'),
    });
    expect(fixture.contents()).toEqual(before);
  });

  it('lose no recovery key by kek remove, which would not say what that means', async () => {
    const recovery = openSeed(createSeed());
    await operator.module.get(RecoveryChanges).add(await look(operator), recovery.key, recovery);
    const before = fixture.contents();

    const removing = operator.module.get(KekChanges).remove(await look(operator), recovery.key.id);

    await expect(removing).rejects.toThrow(`key-connector recovery remove ${recovery.key.id}`);
    expect(fixture.contents()).toEqual(before);
  });
});

describe('the key-encryption keys of a classic ring', () => {
  it('are changed so that classic software opens it with the one that stays', async () => {
    const fixture = await create('classic');
    const other = await generateOtherKey();
    try {
      const operator = await fixture.start('classic');
      const { kek, ...seen } = await look(operator);
      await operator.module.get(KekChanges).add({ ...seen, kek }, await open(other));
      const next = await fixture.replica('classic', other.settings);
      await next.connect();
      await next.module.get(KekChanges).remove(await look(next), kek.id);

      const [row] = fixture.sql<{ SymmetricKey: string }>('SELECT "SymmetricKey" FROM "ApplicationDatas"');
      const dataKey = openAsClassicSoftware(row?.SymmetricKey ?? '', other.privateKey);
      const [value] = fixture.sql<{ Key: string }>('SELECT "Key" FROM "UserKeys"');
      expect(referenceOpenClassic(dataKey, value?.Key ?? '')).toHaveLength(32);
    } finally {
      await fixture.remove();
      await other.remove();
    }
  });

  it('put nothing into ApplicationDatas that does not open to the data key', async () => {
    const kek = await new KeyProvider(classicKey).open();
    const wrap = kek.wrap.bind(kek);
    jest.spyOn(kek, 'wrap').mockImplementation((_, algorithm) => wrap(randomBytes(32), algorithm));

    const wrapping = wrapForClassicSoftware(kek, { id: 0, secret: createSecretKey(randomBytes(32)) });

    await expect(wrapping).rejects.toMatchObject({ code: 'DATA_KEY_UNREADABLE' });
  });
});
