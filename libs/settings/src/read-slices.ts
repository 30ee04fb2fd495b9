import type { Catalogue } from './catalogue.js';
import type { Resolved } from './choose-value.js';
import type { KnownSetting } from './known-setting.js';
import { settingName } from './names.js';
import type { Problem } from './problem.js';
import { readSlice } from './read-slice.js';
import type { SliceName, SliceOutputs } from './settings.schema.js';

/** What the slices' schemas give, complete when there is no problem. */
export interface SlicesReading {
  readonly outputs: Partial<SliceOutputs>;
  readonly problems: readonly Problem[];
}

/**
 * Applies every slice's rules to the values that are right on their own.
 *
 * Where the setting that chooses a provider is broken, the slice's rules wait until it is mended: they would ask for
 * what the wrong provider needs.
 */
export function readSlices(
  values: readonly Resolved[],
  broken: ReadonlySet<string>,
  { slices, bySlice }: Catalogue,
): SlicesReading {
  const outputs: Partial<Record<SliceName, unknown>> = {};
  const problems: Problem[] = [];
  for (const [name, known] of bySlice) {
    if (known.some((setting) => choosesOthers(setting) && broken.has(settingName(setting.path)))) continue;
    const result = readSlice(
      slices[name],
      values.filter(({ setting }) => known.includes(setting)),
    );
    if ('output' in result) outputs[name] = result.output;
    else problems.push(...result.problems);
  }
  // Each output was made by the schema of its own name.
  return { outputs: outputs as Partial<SliceOutputs>, problems };
}

const choosesOthers = ({ path }: KnownSetting): boolean => path.at(-1) === 'provider';
