import type { Catalogue } from './catalogue.js';
import { checkValues } from './check-values.js';
import { crossSliceProblems } from './cross-slice.rules.js';
import type { GivenSettings } from './given-settings.js';
import { leftoverNames } from './leftovers.js';
import { readSlices } from './read-slices.js';
import { resolve } from './resolve.js';
import type { SliceOutputs } from './settings.schema.js';
import { SettingsInvalid } from './settings-invalid.error.js';
import { Settings } from './settings.js';
import { refuseTransfer } from './transfer-to.js';

/** Makes settings of what was given; throws {@link SettingsInvalid} with every problem at once. */
export function readSettings({ given, problems: unreadable, complete }: GivenSettings, catalogue: Catalogue): Settings {
  const resolution = resolve(given, catalogue.all);
  const checked = checkValues(resolution.values);
  const leftovers = leftoverNames(resolution.values);
  const certain = [
    ...unreadable,
    ...[...resolution.problems, ...checked.problems].filter(({ name }) => !leftovers.has(name)),
    ...refuseTransfer(resolution.values),
  ];
  // What a file that could not be read would have given is not known, so nothing is called missing.
  if (!complete) throw new SettingsInvalid(certain);

  const broken = new Set(certain.map(({ name }) => name));
  const { outputs, problems } = readSlices(checked.right, broken, catalogue);
  // A broken setting counts as not given here; that it is then missing goes without saying.
  const further = [...problems, ...crossSliceProblems(resolution.values)].filter(({ name }) => !broken.has(name));
  if (certain.length + further.length > 0) throw new SettingsInvalid([...certain, ...further]);

  // Without problems, every slice gave its output.
  return new Settings(outputs as SliceOutputs);
}
