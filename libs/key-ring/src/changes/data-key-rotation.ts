import { randomBytes } from 'node:crypto';
import { dataKeyLength } from '@key-connector/crypto-providers';
import { Injectable } from '@nestjs/common';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import type { HeldManifest } from '../manifest/succession.js';
import { maxDataKeyId } from '../values/bound.layout.js';
import { classicDataKeyId, takeSecret } from '../values/data-key.js';
import { RingChangeRefused } from './changes.errors.js';
import { type RingChange, RingChanges, type RingView } from './ring-changes.js';

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
  const used = held.manifest.dataKeys.map((dataKey) => dataKey.id);
  let id = freeDataKeyId(used);
  // Somebody may have put rows under the next ids.
  for (; (await change.takenIds([id])).length > 0; id = freeDataKeyId(used)) used.push(id);
  const bytes = randomBytes(dataKeyLength);
  try {
    await change.insertDataKey({ id, bytes });
    return { id, check: dataKeyCheck({ id, secret: takeSecret(Uint8Array.from(bytes)) }, change.ring) };
  } finally {
    bytes.fill(0);
  }
}

/** The number above those that are used; where there is none left, the lowest one that is free. */
export function freeDataKeyId(used: readonly number[]): number {
  const above = Math.max(...used) + 1;
  if (above <= maxDataKeyId) return above;
  const taken = new Set(used);
  let id = classicDataKeyId + 1;
  while (taken.has(id)) id += 1;
  return id;
}
