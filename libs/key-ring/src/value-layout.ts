import { classicDataKeyId } from './data-key.js';
import { ValueLayoutRefused } from './key-ring.errors.js';
import type { KeyRingSettings } from './key-ring.settings.js';

/** How values are written and which are accepted: `auto`, decided. */
export type ValueLayout = Exclude<KeyRingSettings['valueLayout'], 'auto'>;

/**
 * Decides the layout for the data keys that are there.
 *
 * `auto` refuses classic values only when no classic data key is left: while it is there, another replica may still
 * write them.
 */
export function resolveLayout(setting: KeyRingSettings['valueLayout'], dataKeyIds: readonly number[]): ValueLayout {
  const classicIsActive = Math.max(...dataKeyIds) === classicDataKeyId;
  if (setting === 'classic' && !classicIsActive)
    throw new ValueLayoutRefused(
      `keyRing__valueLayout is classic, but data key ${Math.max(...dataKeyIds)} is active in this database, ` +
        'and the classic layout knows data key 0 only. Set keyRing__valueLayout to auto.',
    );
  if (setting !== 'auto') return setting;
  if (classicIsActive) return 'classic';
  return dataKeyIds.includes(classicDataKeyId) ? 'bound' : 'boundOnly';
}
