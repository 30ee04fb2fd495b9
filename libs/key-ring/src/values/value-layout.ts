import { ValueLayoutRefused } from '../key-ring.errors.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { classicDataKeyId } from './data-key.js';

/** How values are written and which are accepted: `auto`, decided. */
export type ValueLayout = Exclude<KeyRingSettings['valueLayout'], 'auto'>;

/**
 * Decides the layout for the data keys that are there, by their ids.
 *
 * `auto` refuses classic values only when no classic data key is left: while it is there, another replica may still
 * write them.
 *
 * @throws ValueLayoutRefused when classic software could not read what would be written.
 */
export function resolveLayout(setting: KeyRingSettings['valueLayout'], dataKeyIds: readonly number[]): ValueLayout {
  const newest = Math.max(...dataKeyIds);
  const classicIsActive = newest === classicDataKeyId;
  if (setting === 'classic' && !classicIsActive)
    throw new ValueLayoutRefused(
      `keyRing__valueLayout is classic, but this database holds data key ${newest}, and classic software knows data key 0 ` +
        `only. Find out who added data key ${newest} to DataKeys before anything is written: whoever made it can read what is ` +
        'sealed under it. When it is yours, set keyRing__valueLayout to bound.',
    );
  if (setting !== 'auto') return setting;
  if (classicIsActive) return 'classic';
  return dataKeyIds.includes(classicDataKeyId) ? 'bound' : 'boundOnly';
}
