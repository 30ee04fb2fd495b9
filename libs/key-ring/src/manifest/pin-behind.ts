import type { EntityManager } from 'typeorm';
import type { ManifestStore } from './manifest-store.js';
import type { RingPin } from './ring-pin.js';
import { authentic, gaveUp, type HeldManifest } from './succession.js';

/** Whether a pin of this ring accepts a version from before something was given up. Only reads. */
export async function isPinBehind(
  held: HeldManifest,
  pins: readonly RingPin[],
  { manager, store }: { readonly manager: EntityManager; readonly store: ManifestStore },
): Promise<boolean> {
  const pin = pins.find(({ fingerprint }) => fingerprint === held.identity.fingerprint);
  if (pin === undefined || pin.least >= held.version) return false;
  const row = await store.at(manager, pin.least);
  const least = row?.signature && authentic({ ...row, signature: row.signature }, held.identity);
  // What the pin's own version said is not known any more: then nobody can tell that nothing was given up.
  return typeof least !== 'object' || gaveUp(least.manifest, held.manifest);
}
