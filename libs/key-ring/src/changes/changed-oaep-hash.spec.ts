import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { KeyProvider, type KeyProviderSettings } from '@key-connector/crypto-providers';
import { classicFolder, KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { generateOtherKey, type OtherKey } from '../testing/other-key.js';
import { alice } from '../testing/user-id.js';
import { DataKeyRotation } from './data-key-rotation.js';
import { KekChanges } from './kek-changes.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';
import { RingRekey } from './ring-rekey.js';

/** The key of the deployment, with another `rsaKey__oaepHash` than its ring was made with. */
const changed: KeyProviderSettings = {
  ...{ kind: 'certificate', timeoutSeconds: 15, oaepHash: 'sha1' },
  source: { kind: 'filesystem', path: `${classicFolder}bwkc-aes.pfx`, password: new Secret('fixture-password') },
};

describe('with a changed rsaKey__oaepHash, which the manifest does not have,', () => {
  let fixture: KeyRingFixture;
  let serving: Replica;
  let other: OtherKey;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
    serving = await fixture.start();
    fixture.store(serving.keyRing.seal(alice, randomBytes(32)));
    other = await generateOtherKey();
  });
  afterEach(async () => {
    await fixture.remove();
    await other.remove();
  });

  const look = ({ module }: Replica) => module.get(RingChanges).look();
  const operator = async (settings: KeyProviderSettings = changed): Promise<Replica> => {
    const replica = await fixture.replica('auto', settings);
    await replica.connect();
    return replica;
  };

  it.each<[string, (replica: Replica) => Promise<unknown>]>([
    ['a rotation', async (replica) => replica.module.get(DataKeyRotation).rotate(await look(replica))],
    ['a new identity', async (replica) => replica.module.get(RingRekey).rekey(await look(replica))],
    [
      'the end of another key-encryption key',
      async (replica) => {
        const added = await new KeyProvider(other.settings).open();
        await serving.module.get(KekChanges).add(await look(serving), added);
        await replica.module.get(KekChanges).remove(await look(replica), added.id);
      },
    ],
  ])('%s wraps as the manifest says, so that every replica opens it, whatever its settings', async (_, change) => {
    await change(await operator());
    for (const settings of [undefined, changed]) {
      const started = await fixture.start('auto', settings);
      expect(() => started.keyRing.sealer()).not.toThrow();
      await started.module.get(DataKeyRotation).rotate(await look(started));
    }
    expect(fixture.sql('SELECT DISTINCT "Algorithm" FROM "DataKeyWrappings"')).toEqual([{ Algorithm: 'RSA-OAEP-256' }]);
  });
});
