import { randomBytes } from 'node:crypto';
import { dataKeyLength } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import type { HeldManifest } from '../manifest/succession.js';
import { maxDataKeyId } from '../values/bound.layout.js';
import { classicDataKeyId, takeSecret } from '../values/data-key.js';
import { RingChangeRefused } from './changes.errors.js';
import { type RingChange, RingChanges, type RingView } from './ring-changes.js';

/** Numbers of data keys that one question is about. */
const idsAtOnce = 500;

/** Gives a ring a new data key, which values are written under from then on; what is stored is not touched. */
@Injectable()
export class DataKeyRotation {
  constructor(private readonly changes: RingChanges) {}

  /**
   * Replicas write with it within `keyRing__reloadSeconds`, and read what another one wrote at once.
   *
   * @throws RingChangeRefused in the classic layout, whose one data key classic software knows.
   */
  async rotate(seen: RingView): Promise<HeldManifest> {
    this.requireMayRotate(seen);
    return this.changes.apply(seen, async (change) => {
      const { dataKeys } = change.view.held.manifest;
      const { id, check } = await newDataKey(change);
      return { activeDataKeyId: id, dataKeys: [...dataKeys, { id, check, state: 'open' }] };
    });
  }

  /** What rotate would refuse. */
  requireMayRotate({ held }: RingView): void {
    if (held.manifest.layout === 'classic')
      throw new RingChangeRefused(
        'Values are written in the classic layout, under the one data key that classic software knows. Run key-connector layout upgrade first.',
      );
  }
}

/** Makes a data key, wrapped under every key-encryption key of the manifest, with the next id that was never used. */
export async function newDataKey(change: RingChange): Promise<{ readonly id: number; readonly check: string }> {
  const { held } = change.view;
  const id = await untakenId(
    change,
    held.manifest.dataKeys.map((dataKey) => dataKey.id),
  );
  const bytes = randomBytes(dataKeyLength);
  try {
    await change.insertDataKey({ id, bytes });
    return { id, check: dataKeyCheck({ id, secret: takeSecret(Uint8Array.from(bytes)) }, change.ring) };
  } finally {
    bytes.fill(0);
  }
}

/** The first free number without a row: somebody may have put rows under the next million. */
async function untakenId(change: RingChange, used: readonly number[]): Promise<number> {
  const free = freeDataKeyIds(used);
  for (;;) {
    const ids = Array.from({ length: idsAtOnce }, () => free.next().value);
    const taken = new Set(await change.takenIds(ids));
    const id = ids.find((each) => !taken.has(each));
    if (id !== undefined) return id;
  }
}

/** The numbers above those that are used; behind the last there is, those that are free below. */
export function* freeDataKeyIds(used: readonly number[]): Generator<number, never> {
  const above = Math.max(...used) + 1;
  for (let id = above; id <= maxDataKeyId; id += 1) yield id;
  const taken = new Set(used);
  for (let id = classicDataKeyId + 1; id < above; id += 1) if (!taken.has(id)) yield id;
  throw new RangeError('Every number of a data key is used.');
}
