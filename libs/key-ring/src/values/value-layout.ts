import { ValueLayoutRefused } from '../key-ring.errors.js';
import type { KeyRingSettings } from '../key-ring.settings.js';

/** How values are written and which are accepted: `auto`, decided. */
export type ValueLayout = Exclude<KeyRingSettings['valueLayout'], 'auto'>;

const order: readonly ValueLayout[] = ['classic', 'bound', 'boundOnly'];

/** The one of two layouts that accepts less. */
const stricter = (one: ValueLayout, other: ValueLayout): ValueLayout =>
  order.indexOf(one) > order.indexOf(other) ? one : other;

/** What a setting asks for, beyond the least that the ring's manifest asks for. */
export const atLeast = (least: ValueLayout, setting: KeyRingSettings['valueLayout']): ValueLayout =>
  setting === 'auto' ? least : stricter(least, setting);

/** Throws ValueLayoutRefused at a start whose setting asks for what classic software could not read. */
export function requireLayout(least: ValueLayout, setting: KeyRingSettings['valueLayout']): void {
  if (setting === 'classic' && least !== 'classic')
    throw new ValueLayoutRefused(
      `keyRing__valueLayout is classic, but the manifest of this ring asks for ${least}, which classic software cannot read. ` +
        'Set keyRing__valueLayout to auto, or go back by `key-connector layout downgrade`.',
    );
}
