import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataKeys } from '../data-keys/data-keys.js';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { ChangedRows } from './changed-rows.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';

describe('a change of the ring', () => {
  let fixture: KeyRingFixture;
  let operator: Replica;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
    operator = await fixture.start();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await fixture.remove();
  });

  it('has not settled because the clock of the database server was set ahead', async () => {
    const now = Date.now.bind(Date);
    let hours = 0;
    // The clock of SQLite is that of its process; it goes an hour ahead whenever somebody looks.
    jest.spyOn(Date, 'now').mockImplementation(() => now() + (hours += 1) * 3_600_000);

    const settling = operator.module.get(RingChanges).settle(AbortSignal.timeout(2_000));

    await expect(settling).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('finds a number for a data key in few questions, however many rows somebody put under the next ones', async () => {
    fixture.sql(
      `INSERT INTO "DataKeys" WITH RECURSIVE n(id) AS (SELECT 2 UNION ALL SELECT id + 1 FROM n WHERE id < 10000)
       SELECT id, '2026-01-01 00:00:00' FROM n`,
    );
    const asked = jest.spyOn(operator.module.get(ChangedRows), 'taken');

    const { manifest } = await operator.module
      .get(DataKeyRotation)
      .rotate(await operator.module.get(RingChanges).look());

    expect(manifest.activeDataKeyId).toBe(10_001);
    expect(asked.mock.calls.length).toBeLessThan(30);
  });

  it('looks anew when another manifest came in between, and gives up when that does not end', async () => {
    const changes = operator.module.get(RingChanges);
    const { version } = (await changes.look()).held;
    // As where a transaction is no snapshot: the rows that were read belong to two manifests.
    const read = jest.spyOn(operator.module.get(DataKeys), 'read').mockResolvedValueOnce(undefined);

    expect((await changes.look()).held.version).toBe(version);
    read.mockResolvedValue(undefined);
    await expect(changes.look()).rejects.toMatchObject({
      code: 'RING_UNUSABLE',
      message: expect.stringContaining('has just changed'),
    });
  });
});
