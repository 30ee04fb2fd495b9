import { randomBytes } from 'node:crypto';
import { KeyProvider, KeyProviderUnavailable, type KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RingLoader } from './manifest/ring-loader.js';
import { KeyRingFixture, type Replica } from './testing/key-ring-fixture.js';
import { alice } from './testing/user-id.js';

let fixture: KeyRingFixture;
beforeEach(async () => {
  fixture = await KeyRingFixture.create();
});
afterEach(() => fixture.remove());

const kekOf = ({ module }: Replica): Promise<KeyEncryptionKey> => module.get(KeyProvider).open();
const away = new KeyProviderUnavailable('the provider is away');

describe('the key provider', () => {
  it('is asked once for each data key, however many user keys are opened', async () => {
    await (await fixture.replica()).load();
    const replica = await fixture.replica();
    const unwrap = jest.spyOn(await kekOf(replica), 'unwrap');
    await replica.load();
    await replica.load();
    const sealed = replica.keyRing.seal(alice, randomBytes(32));
    await Promise.all(Array.from({ length: 100 }, () => replica.keyRing.open(sealed)));
    expect(unwrap).toHaveBeenCalledTimes(1);
  });

  it('that is away at start leaves the database as it was, and may come back', async () => {
    const replica = await fixture.replica();
    const unwrap = jest.spyOn(await kekOf(replica), 'unwrap').mockRejectedValueOnce(away);
    await expect(replica.load()).rejects.toBe(away);
    expect(fixture.contents()).toEqual([]);
    await replica.load();
    // Once it was away; then identity and data key, each opened again before anyone relies on it.
    expect(unwrap).toHaveBeenCalledTimes(3);
    expect(replica.keyRing.loaded).toBe(true);
  });

  it('that is away while serving is not noticed', async () => {
    const replica = await fixture.replica();
    await replica.load();
    jest.spyOn(await kekOf(replica), 'unwrap').mockRejectedValue(away);
    const key = randomBytes(32);
    await expect(replica.keyRing.open(replica.keyRing.seal(alice, key))).resolves.toEqual(key);
  });

  it('that gives back another data key than it wrapped is not relied on', async () => {
    const replica = await fixture.replica();
    jest.spyOn(await kekOf(replica), 'unwrap').mockResolvedValue(randomBytes(32));
    await expect(replica.load()).rejects.toMatchObject({ code: 'DATA_KEY_UNREADABLE' });
    expect(fixture.contents()).toEqual([]);
  });
});

describe('a replica', () => {
  it('that loses the race without a lock uses the winner’s data key', async () => {
    const [winner, loser] = [await fixture.replica(), await fixture.replica()];
    jest.spyOn(loser.module.get(Database), 'lock').mockImplementationOnce(async () => {
      await winner.load();
      throw new Error('UNIQUE constraint failed: DataKeys.Id');
    });
    await loser.load();
    const key = randomBytes(32);
    await expect(loser.keyRing.open(winner.keyRing.seal(alice, key))).resolves.toEqual(key);
  });

  it('takes no lock when the data keys are there', async () => {
    await (await fixture.replica()).load();
    const replica = await fixture.replica();
    await replica.module.get(Database).connect();
    const lock = jest.spyOn(replica.module.get(Database), 'lock');
    await replica.keyRing.load();
    expect(lock).not.toHaveBeenCalled();
  });

  it('looks for a newer manifest once for a thousand values with made-up ids, and not again before the cooldown is over', async () => {
    const replica = await fixture.replica();
    await replica.load();
    const read = jest.spyOn(replica.module.get(RingLoader), 'follow');
    const { value } = replica.keyRing.seal(alice, randomBytes(32));
    const madeUp = Array.from({ length: 1000 }, (_, id) => value.replace('kc2.1', `kc2.${id + 2}`));
    const outcomes = await Promise.allSettled(
      madeUp.map((one) => replica.keyRing.open({ id: alice, value: one, dataKeyId: null })),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    const looks = read.mock.calls.length;
    const before = performance.now();
    await replica.keyRing.open({ id: alice, value: madeUp[0] ?? '', dataKeyId: null }).catch(() => undefined);
    expect(read).toHaveBeenCalledTimes(2 * looks);
    expect(looks).toBeLessThan(5);
    expect(performance.now() - before).toBeGreaterThan(500);
  });
});
