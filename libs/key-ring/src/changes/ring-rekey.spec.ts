import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyRingFixture, type Replica } from '../testing/key-ring-fixture.js';
import { alice } from '../testing/user-id.js';
import { RingChanges } from './ring-changes.js';
import { RingChangesModule } from './ring-changes.module.js';
import { type PreparedIdentity, RingRekey } from './ring-rekey.js';

describe('a prepared identity of a ring', () => {
  let fixture: KeyRingFixture;
  let first: Replica;
  let ring: string;
  beforeEach(async () => {
    fixture = await KeyRingFixture.create('empty', (rooms) => [RingChangesModule.on(...rooms)]);
    first = await fixture.start();
    ring = first.keyRing.summary().ringIdentity;
    fixture.store(first.keyRing.seal(alice, randomBytes(32)));
  });
  afterEach(() => fixture.remove());

  const look = ({ module }: Replica) => module.get(RingChanges).look();
  const prepare = async (): Promise<PreparedIdentity> => first.module.get(RingRekey).prepare(await look(first));
  const rekey = async (line: string) => {
    const operator = await fixture.replica();
    await operator.connect();
    return operator.module.get(RingRekey).rekey(await look(operator), line);
  };

  it('changes nothing, and its line does not hold the seed', async () => {
    const before = fixture.contents();
    const [one, other] = [await prepare(), await prepare()];
    expect(one.ring).not.toBe(other.ring);
    expect(fixture.contents()).toEqual(before);
    fixture.pins = [ring, one.ring];
    await rekey(one.line);
    const seed = (await fixture.operator(first)).seed.toString('base64');
    expect(one.line).not.toContain(seed.slice(0, -1));
  });

  it('is followed by replicas that are pinned to both, and they go on writing', async () => {
    const prepared = await prepare();
    fixture.pins = [ring, prepared.ring];
    const replica = await fixture.start();
    expect((await rekey(prepared.line)).identity.fingerprint).toBe(prepared.ring);
    await replica.keyRing.refresh();
    expect(replica.keyRing.summary()).toMatchObject({ ringIdentity: prepared.ring, manifestVersion: 2 });
    expect(() => replica.keyRing.sealer()).not.toThrow();
    fixture.pins = [prepared.ring];
    expect((await (await fixture.start()).keyRing.open(fixture.stored(alice))).length).toBe(32);
  });

  it('is refused unless settings name it behind the identity that counts, and once it is used', async () => {
    const prepared = await prepare();
    const before = fixture.contents();
    for (const pins of [[], [ring], [prepared.ring, ring]]) {
      fixture.pins = pins;
      await expect(rekey(prepared.line)).rejects.toMatchObject({ code: 'RING_CHANGE_REFUSED' });
    }
    expect(fixture.contents()).toEqual(before);
    fixture.pins = [ring, prepared.ring];
    await rekey(prepared.line);
    await expect(rekey(prepared.line)).rejects.toMatchObject({ code: 'RING_CHANGE_REFUSED' });
  });

  it('is refused where its line was changed, in place of which somebody gives an identity of his own', async () => {
    const [prepared, another] = [await prepare(), await prepare()];
    fixture.pins = [ring, prepared.ring];
    const seed = (line: string): string => line.slice(line.indexOf('.') + 1);
    for (const [line, problem] of [
      [another.line, 'does not name'],
      [`${prepared.ring}.${seed(another.line)}`, 'another identity'],
      [`${prepared.ring}.${seed(prepared.line).slice(4)}`, 'does not open'],
      [prepared.ring, 'is not a line'],
    ] as const)
      await expect(rekey(line)).rejects.toMatchObject({
        code: 'RING_CHANGE_REFUSED',
        message: expect.stringContaining(problem),
      });
  });
});
