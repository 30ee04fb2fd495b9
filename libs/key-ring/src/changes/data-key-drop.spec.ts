import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { alice } from '../testing/user-id.js';
import { DataKeyDrop } from './data-key-drop.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { RingChanges, type RingView } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';

describe('a data key that was dropped', () => {
  let fixture: KeyRingFixture;
  let operator: Replica;
  let drop: DataKeyDrop;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
    operator = await fixture.start();
    drop = operator.module.get(DataKeyDrop);
    // No write is under way here.
    jest.spyOn(operator.module.get(RingChanges), 'settle').mockResolvedValue();
    await operator.module.get(DataKeyRotation).rotate(await look());
    await drop.drop(await look(), 1);
  });
  afterEach(() => fixture.remove());

  const look = (): Promise<RingView> => operator.module.get(RingChanges).look();
  const expectUnchanged = async (attempt: Promise<unknown>, why: RegExp): Promise<void> => {
    const before = fixture.contents();
    await expect(attempt).rejects.toThrow(why);
    expect(fixture.contents()).toEqual(before);
  };

  it('is open again for every replica after the undo, until its drop is finished', async () => {
    const value = operator.keyRing.seal(alice, randomBytes(32));
    await drop.undo(await look(), 1);

    const started = await fixture.start();
    await expect(started.keyRing.open(value)).resolves.toHaveLength(32);
    expect(started.keyRing.summary()).toMatchObject({ activeDataKeyId: 2 });
  });

  it('is neither dropped nor opened again once it is deleted, and says so', async () => {
    await drop.finish(await look(), 1);

    await expectUnchanged(drop.undo(await look(), 1), /gone for good/);
    await expectUnchanged(drop.drop(await look(), 1), /gone for good/);
  });

  it('is not opened by what somebody put in its place, in memory or not, and finishing deletes that', async () => {
    await drop.finish(await look(), 1);
    await fixture.putDataKey(operator, 1, randomBytes(32));

    await expectUnchanged(drop.undo(await look(), 1), /another data key .*data-key drop 1 --finish/);
    await drop.finish(await look(), 1);
    expect(fixture.sql('SELECT 1 FROM "DataKeys" WHERE "Id" = 1')).toEqual([]);
    await fixture.start();
  });

  it('is not opened while its wrapping is damaged', async () => {
    fixture.sql('UPDATE "DataKeyWrappings" SET "WrappedKey" = ? WHERE "DataKeyId" = 1', 'A'.repeat(344));

    await expectUnchanged(drop.undo(await look(), 1), /does not open/);
  });
});
