import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseUnexpected } from '@key-connector/database';
import { KeyRingFixture } from './testing/key-ring-fixture.js';

/**
 * A pooler or a failover can lead the session that makes the data key to another place than the one that was looked at.
 */
describe('a first data key where database__expect is existing', () => {
  let fixture: KeyRingFixture;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('classic');
  });
  afterEach(() => fixture.remove());

  it('is never made, also when the deployment is gone after the tables were looked at', async () => {
    const replica = await fixture.replica('auto', undefined, { expect: 'existing' });
    await replica.connect();
    for (const table of ['UserKeys', 'ApplicationDatas']) fixture.sql(`DELETE FROM "${table}"`);
    const before = fixture.contents();
    await expect(replica.keyRing.load()).rejects.toThrow(DatabaseUnexpected);
    expect(fixture.contents()).toEqual(before);
  });

  it('is adopted from a classic deployment', async () => {
    const replica = await fixture.replica('auto', undefined, { expect: 'existing' });
    await replica.load();
    expect(replica.keyRing.summary()).toMatchObject({ activeDataKeyId: 0, layout: 'classic' });
  });
});
