import { type KnownSetting, knownSettings } from './known-setting.js';
import { type SliceName, slices } from './settings.schema.js';
import { transferToSettings } from './transfer-to.js';

const names = Object.keys(slices) as SliceName[];

/** The known settings of each slice. */
export const settingsBySlice = new Map<SliceName, readonly KnownSetting[]>(
  names.map((name) => [name, knownSettings(slices[name].schema, slices[name].at)]),
);

/** Every setting that can be given, in the order of the reference. */
export const catalogue: readonly KnownSetting[] = [...[...settingsBySlice.values()].flat(), ...transferToSettings];
