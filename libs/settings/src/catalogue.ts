import { type KnownSetting, knownSettings } from './known-setting.js';
import { type SliceName, type Slices, slices } from './settings.schema.js';
import { transferToSettings } from './transfer-to.js';

/** Every setting that can be given. */
export interface Catalogue {
  readonly slices: Slices;
  /** The known settings of each slice. */
  readonly bySlice: ReadonlyMap<SliceName, readonly KnownSetting[]>;
  /** All of them, in the order of the reference. */
  readonly all: readonly KnownSetting[];
}

/** The catalogue of these slices. */
export function catalogueOf(slicesInUse: Slices): Catalogue {
  const names = Object.keys(slicesInUse) as SliceName[];
  const bySlice = new Map(
    names.map((name) => [name, knownSettings(slicesInUse[name].schema, slicesInUse[name].at)] as const),
  );
  return { slices: slicesInUse, bySlice, all: [...[...bySlice.values()].flat(), ...transferToSettings] };
}

/** Every setting that can be given while no package brings its own. */
export const ownCatalogue = catalogueOf(slices);

/** The same as a list, in the order of the reference. */
export const catalogue = ownCatalogue.all;
