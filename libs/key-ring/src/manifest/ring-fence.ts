import type { RingFence } from '@key-connector/database';
import { mostPassedOver, type PassedOver } from './ring-loader.js';
import type { HeldManifest } from './succession.js';

/** What a statement names that writes values sealed under this manifest; or why there can be none. */
export function fenceOf({ version, signature }: HeldManifest, passedOver: readonly PassedOver[]): RingFence | string {
  if (passedOver.length > mostPassedOver)
    return (
      `RingManifests holds more than ${mostPassedOver} rows above version ${version} that are no manifest of this ring. Delete ` +
      'them, and find out who wrote them.'
    );
  const named = passedOver.flatMap((row) =>
    row.signature === undefined ? [] : [{ version: row.version, signature: row.signature }],
  );
  if (named.length === passedOver.length) return { version, signature, passedOver: named };
  const odd = passedOver.filter((row) => row.signature === undefined).map((row) => row.version);
  return (
    `RingManifests holds rows whose Signature is no short text (versions ${odd.join(', ')}). Delete them, and find out who ` +
    'wrote them.'
  );
}
