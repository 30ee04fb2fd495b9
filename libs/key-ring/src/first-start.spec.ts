import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Database } from '@key-connector/database';
import { openAsClassicSoftware } from './testing/classic-software.js';
import { KeyRingFixture } from './testing/key-ring-fixture.js';
import { referenceOpenClassic } from './testing/reference-layouts.js';
import { alice } from './testing/user-id.js';

let fixture: KeyRingFixture;
afterEach(() => fixture.remove());

describe('on an empty database, the key ring', () => {
  it('creates one data key, in the bound layout', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start();
    expect(keyRing.summary()).toMatchObject({ activeDataKeyId: 1, layout: 'boundOnly' });
    expect(fixture.sql('SELECT "Id" FROM "DataKeys"')).toEqual([{ Id: -1 }, { Id: 1 }]);
    expect(fixture.sql('SELECT * FROM "ApplicationDatas"')).toEqual([]);
    const under = {
      KekId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      KeyReference: expect.stringMatching(/^certificate:sha1:[0-9a-f]{40}$/),
      Algorithm: 'RSA-OAEP-256',
    };
    expect(fixture.sql('SELECT "DataKeyId", "KekId", "KeyReference", "Algorithm" FROM "DataKeyWrappings"')).toEqual([
      { DataKeyId: -1, ...under },
      { DataKeyId: 1, ...under },
    ]);
  });

  it.each([
    ['made', 1],
    ['loaded', 2],
  ])('asks each session before data keys and the values that prove them are read in it: %s', async (_, starts) => {
    fixture = await KeyRingFixture.create();
    if (starts > 1) await fixture.start();
    const replica = await fixture.replica();
    await replica.connect();
    // What `read` runs may be in a session that nobody has asked.
    const unasked = jest.spyOn(replica.module.get(Database), 'read');
    await replica.load();
    expect(replica.keyRing.loaded).toBe(true);
    expect(unasked).not.toHaveBeenCalled();
  });

  it('makes a ring whose identity signed the first manifest, and says so once', async () => {
    fixture = await KeyRingFixture.create();
    const replica = await fixture.start();
    const ring = await fixture.operator(replica);
    const { document, signature, version } = fixture.manifest();
    expect(ring.row(document)).toEqual({ version, document, signature });
    expect(JSON.parse(document)).toMatchObject({
      ring: ring.fingerprint,
      keks: [{ role: 'service', algorithm: 'RSA-OAEP-256', publicKey: expect.stringMatching(/^MII/) }],
      layout: 'boundOnly',
    });
    const summary = { ringIdentity: ring.fingerprint, manifestVersion: 1 };
    expect(replica.keyRing.summary()).toMatchObject({ ring: 'made', ...summary });
    expect((await fixture.start()).keyRing.summary()).toMatchObject({ ring: 'found', ...summary });
  });

  it('creates what classic software understands when told to write classic', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.start('classic');
    const sealed = keyRing.seal(alice, randomBytes(32));
    expect(sealed.dataKeyId).toBeNull();
    const rows = fixture.sql<{ SymmetricKey: string }>('SELECT * FROM "ApplicationDatas"');
    expect(rows).toHaveLength(1);
    const key = openAsClassicSoftware(rows[0]?.SymmetricKey ?? '');
    expect(() => referenceOpenClassic(key, sealed.value)).not.toThrow();
  });

  it('leaves one data key when ten replicas start at once, and all of them use it', async () => {
    fixture = await KeyRingFixture.create();
    const replicas = await Promise.all(Array.from({ length: 10 }, () => fixture.replica()));
    await Promise.all(replicas.map((replica) => replica.load()));
    expect(fixture.sql('SELECT * FROM "DataKeyWrappings"')).toHaveLength(2);
    expect(fixture.manifests()).toHaveLength(1);
    expect(replicas.filter(({ keyRing }) => keyRing.summary().ring === 'made')).toHaveLength(1);
    const key = randomBytes(32);
    for (const writer of replicas) {
      const sealed = writer.keyRing.seal(alice, key);
      for (const reader of replicas) await expect(reader.keyRing.open(sealed)).resolves.toEqual(key);
    }
  });

  it('opens after a restart what it sealed before', async () => {
    fixture = await KeyRingFixture.create();
    const key = randomBytes(32);
    fixture.store(await fixture.start().then(({ keyRing }) => keyRing.seal(alice, key)));
    await expect((await fixture.start()).keyRing.open(fixture.stored(alice))).resolves.toEqual(key);
  });

  it('is not ready before it is loaded', async () => {
    fixture = await KeyRingFixture.create();
    const { keyRing } = await fixture.replica();
    expect(() => keyRing.seal(alice, randomBytes(32))).toThrow('not loaded yet');
    await expect(keyRing.open({ id: alice, value: '', dataKeyId: null })).rejects.toMatchObject({ code: 'NOT_READY' });
  });
});
