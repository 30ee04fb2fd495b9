import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { StoredUserKey } from '@key-connector/database';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openAsClassicSoftware } from '../testing/classic-software.js';
import { classicFolder, KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { referenceOpenClassic, referenceSealClassic } from '../testing/reference-layouts.js';
import { alice, bob, userId } from '../testing/user-id.js';
import { DataKeyDrop } from './data-key-drop.js';
import { KnownKeys } from './known-keys.js';
import { LayoutDowngrade } from './layout-downgrade.js';
import { LayoutUpgrade } from './layout-upgrade.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';

const { dataKey, users } = JSON.parse(readFileSync(`${classicFolder}expected.json`, 'utf8')) as {
  dataKey: string;
  users: Record<string, { key: string }>;
};
const classicDataKey = Buffer.from(dataKey, 'base64');
const [firstMember = ''] = Object.keys(users);

let fixture: KeyRingFixture;
/** What serves members meanwhile. */
let serving: Replica;
/** Where commands run. */
let operator: Replica;

async function begin(contents: 'classic' | 'empty'): Promise<void> {
  fixture = await KeyRingFixture.create(contents, (rooms) => [RingChangesModule.on(...rooms)]);
  serving = await fixture.start();
  operator = await fixture.start();
  // Eleven seconds by the database's clock, with nothing under way here that could end in them.
  jest.spyOn(operator.module.get(RingChanges), 'settle').mockResolvedValue();
}
const end = (): Promise<void> => fixture.remove();

const upgrade = (changes: Partial<Parameters<LayoutUpgrade['run']>[0]> = {}): ReturnType<LayoutUpgrade['run']> =>
  operator.module.get(LayoutUpgrade).run({ rate: 0, guarded: true, ...changes });
const downgrade = (changes: Partial<Parameters<LayoutDowngrade['run']>[0]> = {}): ReturnType<LayoutDowngrade['run']> =>
  operator.module.get(LayoutDowngrade).run({ rate: 0, ...changes });
const dropped = async (id: number): Promise<void> => {
  const drop = operator.module.get(DataKeyDrop);
  await drop.drop(await operator.module.get(RingChanges).look(), id);
};
const values = (): string[] => fixture.sql<{ Key: string }>('SELECT "Key" FROM "UserKeys"').map(({ Key }) => Key);
const keep = ({ id, value, dataKeyId }: StoredUserKey): void => {
  fixture.sql(
    `INSERT INTO "UserKeyHistory" ("UserId", "Key", "DataKeyId", "CreationDate", "ReplacedDate", "Cause")
     VALUES (?, ?, ?, '2026-01-01 00:00:00', '2026-01-02 00:00:00', 'replaced')`,
    id.toUpperCase(),
    value,
    dataKeyId,
  );
};
const classicValue = (key: Buffer = randomBytes(32)): string => referenceSealClassic(classicDataKey, key);

/** Every member has the key that the classic deployment gave them. */
async function expectAllServed(replica: Replica): Promise<void> {
  for (const [id, { key }] of Object.entries(users))
    expect((await replica.keyRing.open(fixture.stored(userId(id)))).toString('base64')).toBe(key);
}

/** Runs a command that is stopped at its first step, its second one, and so on, until it comes to its end. */
async function stoppedAtEachStep(run: (signal: AbortSignal, onStep: () => void) => Promise<unknown>): Promise<number> {
  for (let stops = 1; ; stops += 1) {
    const controller = new AbortController();
    let steps = 0;
    const onStep = (): void => {
      steps += 1;
      if (steps === stops) throw new Error('stopped');
    };
    try {
      await run(controller.signal, onStep);
      return stops - 1;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'stopped') throw error;
    }
  }
}

describe('a layout upgrade', () => {
  afterEach(end);
  beforeEach(() => begin('classic'));

  it('binds every value to its member, the history’s too, and serves them all the same', async () => {
    keep({ id: alice, value: classicValue(), dataKeyId: null });
    const { held } = await upgrade();
    expect(held.manifest).toMatchObject({ layout: 'boundOnly', activeDataKeyId: 1 });
    expect(values().every((value) => value.startsWith('kc2.1.'))).toBe(true);
    expect(fixture.sql('SELECT "DataKeyId" FROM "UserKeyHistory"')).toEqual([{ DataKeyId: 1 }]);
    await expectAllServed(serving);
    await expectAllServed(await fixture.start());
  });

  it('has the database refuse what classic software would write', async () => {
    await upgrade();
    const insert = `INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ('A', 'classic', '2026-01-01')`;
    expect(() => fixture.sql(insert)).toThrow('boundOnly alone');
    expect(() => fixture.sql(`UPDATE "UserKeys" SET "Key" = 'classic'`)).toThrow('boundOnly alone');
    fixture.sql(`UPDATE "UserKeys" SET "LastAccessDate" = '2026-01-01'`);
  });

  it('keeps classic software from a row that is bound already while it still runs', async () => {
    const stop = (step: string): void => {
      if (step.startsWith('The database takes values of the layout boundOnly')) throw new Error('stopped');
    };
    await expect(upgrade({ onStep: stop })).rejects.toThrow('stopped');
    expect(() => fixture.sql(`UPDATE "UserKeys" SET "Key" = 'classic'`)).toThrow('bound alone');
    fixture.store({ id: bob, value: classicValue(), dataKeyId: null });
    await upgrade();
    expect(fixture.stored(bob).value).toMatch(/^kc2\.1\./);
  });

  it('leaves the database open to any layout without the guard', async () => {
    await upgrade({ guarded: false });
    expect(() => fixture.sql(`UPDATE "UserKeys" SET "Key" = 'classic' WHERE "Id" = '${firstMember}'`)).not.toThrow();
  });

  it('is not finished while software that writes the classic layout still runs, also where the guard is missing', async () => {
    const write = (step: string): void => {
      if (step.startsWith('Classic values are refused'))
        fixture.store({ id: bob, value: classicValue(), dataKeyId: null });
    };
    await expect(upgrade({ guarded: false, onStep: write })).rejects.toThrow('still runs. Stop it');
    await upgrade({ guarded: false });
    expect(fixture.stored(bob).value).toMatch(/^kc2\.1\./);
  });

  it('changes nothing where two members have the same key, and names them', async () => {
    const key = randomBytes(32);
    fixture.store({ id: alice, value: classicValue(key), dataKeyId: null });
    fixture.store({ id: bob, value: classicValue(key), dataKeyId: null });
    const before = fixture.contents();
    await expect(upgrade()).rejects.toThrow(`${alice} and ${bob}`);
    expect(fixture.contents()).toEqual(before);
  });

  it('sees that a member has what another one had before it was replaced', async () => {
    const key = randomBytes(32);
    fixture.store({ id: alice, value: classicValue(key), dataKeyId: null });
    keep({ id: bob, value: classicValue(key), dataKeyId: null });
    await expect(upgrade()).rejects.toThrow(`${alice} and ${bob}`);
  });

  it('takes no offence at a key that a member had twice', async () => {
    const key = randomBytes(32);
    fixture.store({ id: alice, value: classicValue(key), dataKeyId: null });
    keep({ id: alice, value: classicValue(key), dataKeyId: null });
    await expect(upgrade()).resolves.toMatchObject({ held: { manifest: { layout: 'boundOnly' } } });
  });

  it('is not finished where a member’s value was copied into another one’s row while it ran', async () => {
    const stolen = fixture.stored(userId(firstMember)).value;
    const steal = (step: string): void => {
      if (step.startsWith('The database takes values of the layout bound alone'))
        fixture.store({ id: bob, value: stolen, dataKeyId: null });
    };
    await expect(upgrade({ onStep: steal })).rejects.toThrow(bob);
    expect(JSON.parse(fixture.manifest().document)).toMatchObject({ layout: 'bound' });
  });

  it('changes nothing where a value does not open, and names the member', async () => {
    fixture.store({ id: alice, value: referenceSealClassic(randomBytes(32), randomBytes(32)), dataKeyId: null });
    const before = fixture.contents();
    await expect(upgrade()).rejects.toThrow(alice);
    expect(fixture.contents()).toEqual(before);
  });

  it('repairs a row whose column was emptied', async () => {
    const bound = await fixture.start('bound');
    fixture.store({ ...bound.keyRing.seal(alice, randomBytes(32)), dataKeyId: null });
    await upgrade();
    expect(fixture.stored(alice)).toMatchObject({ dataKeyId: 1 });
  });

  it('comes to the same end when it is stopped at every step', async () => {
    expect(await stoppedAtEachStep((signal, onStep) => upgrade({ signal, onStep }))).toBeGreaterThan(5);
    expect(values().every((value) => /^kc2\.\d+\./.test(value))).toBe(true);
    expect(JSON.parse(fixture.manifest().document)).toMatchObject({ layout: 'boundOnly', activeDataKeyId: 1 });
    expect(() => fixture.sql(`UPDATE "UserKeys" SET "Key" = 'classic'`)).toThrow('boundOnly alone');
    await expectAllServed(serving);
  });

  it('lets data key 0 be given up', async () => {
    await upgrade();
    await dropped(0);
    await expectAllServed(await fixture.start());
  });
});

describe('a layout downgrade', () => {
  afterEach(end);

  /** All that classic software looks at. */
  const expectClassic = async (keys: Readonly<Record<string, { key: string }>>): Promise<void> => {
    const [row] = fixture.sql<{ SymmetricKey: string }>('SELECT * FROM "ApplicationDatas" ORDER BY "Id" LIMIT 1');
    const opened = openAsClassicSoftware(row?.SymmetricKey ?? '');
    for (const [id, { key }] of Object.entries(keys)) {
      const stored = fixture.stored(userId(id));
      expect(stored.dataKeyId).toBeNull();
      expect(referenceOpenClassic(opened, stored.value).toString('base64')).toBe(key);
    }
    // Classic software knows nothing of the column.
    fixture.sql(`INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES (?, ?, '2026-01-01')`, bob, 'any');
    fixture.sql(`DELETE FROM "UserKeys" WHERE "Id" = ?`, bob);
    expect(JSON.parse(fixture.manifest().document)).toMatchObject({ layout: 'classic', activeDataKeyId: 0 });
    await expect(fixture.start()).resolves.toBeDefined();
  };

  it('gives back to classic software what an upgrade took, and members are served throughout', async () => {
    await begin('classic');
    await upgrade();
    await serving.keyRing.refresh();
    await downgrade();
    await expectAllServed(serving);
    await expectClassic(users);
  });

  it('undoes the drop of data key 0 first', async () => {
    await begin('classic');
    const before = fixture.sql('SELECT * FROM "ApplicationDatas"');
    await upgrade();
    await dropped(0);
    await downgrade();
    await expectClassic(users);
    expect(fixture.sql('SELECT "Id" FROM "ApplicationDatas"')).toHaveLength(before.length);
  });

  it('makes another data key 0 where the first one is gone for good, and running replicas follow', async () => {
    await begin('classic');
    await upgrade();
    await dropped(0);
    await operator.module.get(DataKeyDrop).finish(await operator.module.get(RingChanges).look(), 0);
    await serving.keyRing.refresh();
    await downgrade();
    await expectAllServed(serving);
    await expectClassic(users);
  });

  it('makes a data key 0 for a ring that never had one', async () => {
    await begin('empty');
    const key = randomBytes(32);
    fixture.store(serving.keyRing.seal(alice, key));
    await downgrade();
    await expectClassic({ [alice]: { key: key.toString('base64') } });
    expect((await serving.keyRing.open(fixture.stored(alice))).equals(key)).toBe(true);
  });

  it('leaves the history bound to its members', async () => {
    await begin('empty');
    const kept = serving.keyRing.seal(alice, randomBytes(32));
    keep(kept);
    await downgrade();
    expect(fixture.sql('SELECT "Key" FROM "UserKeyHistory"')).toEqual([{ Key: kept.value }]);
  });

  it('comes to the same end when it is stopped at every step, and can be gone back from', async () => {
    await begin('classic');
    await upgrade();
    expect(await stoppedAtEachStep((signal, onStep) => downgrade({ signal, onStep }))).toBeGreaterThan(2);
    await expectClassic(users);
    await upgrade();
    await expectAllServed(serving);
  });

  it('is refused where settings ask for more', async () => {
    await begin('empty');
    operator = await fixture.start('bound');
    await expect(downgrade()).rejects.toThrow('Set it to auto');
  });
});

describe('known keys', () => {
  it('tells the one member of many who has the key of another', () => {
    const known = new KnownKeys();
    const id = (n: number): ReturnType<typeof userId> =>
      userId(`00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`);
    const keys = Array.from({ length: 20_000 }, () => randomBytes(32));
    expect(keys.flatMap((key, n) => known.add(id(n), key) ?? [])).toEqual([]);
    expect(known.add(id(4_711), keys[4_711] ?? Buffer.alloc(32))).toBeUndefined();
    expect(known.add(id(30_000), keys[4_711] ?? Buffer.alloc(32))).toBe(id(4_711));
  });
});
