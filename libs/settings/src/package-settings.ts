import {
  isModuleProvider,
  loadModule,
  moduleNameOf,
  ModuleUnusable,
  rsaKeySettingsSchema,
} from '@key-connector/crypto-providers';
import { type Catalogue, catalogueOf, ownCatalogue } from './catalogue.js';
import type { Resolved } from './choose-value.js';
import type { GivenSettings } from './given-settings.js';
import { fold } from './names.js';
import { settingProblem } from './problem.js';
import { resolve } from './resolve.js';
import { slicesWith } from './settings.schema.js';

const provider = ['rsaKey', 'provider'];
const timeout = ['rsaKey', 'timeoutSeconds'];
const branch = ['rsaKey', 'module'];

/** The catalogue for what was given, and what of it the catalogue can judge. */
export interface WithPackage {
  readonly given: GivenSettings;
  readonly catalogue: Catalogue;
}

/**
 * Loads the package that `rsaKey__provider` names, if it names one, and takes its settings into the catalogue. Where it
 * cannot be used, that is the problem; of its settings nothing is known then, so nothing is said.
 */
export async function withPackage(given: GivenSettings): Promise<WithPackage> {
  const { values } = resolve(given.given, ownCatalogue.all);
  const chosen = values.find(({ setting }) => fold(setting.path) === fold(provider));
  const value = String(chosen?.value ?? '').trim();
  if (chosen === undefined || !isModuleProvider(value)) return { given, catalogue: ownCatalogue };
  try {
    return { given, catalogue: catalogueOf(slicesWith(await loadModule(moduleNameOf(value), timeoutOf(values)))) };
  } catch (error) {
    if (!(error instanceof ModuleUnusable)) throw error;
    return { given: withoutPackage(given, chosen, error.message), catalogue: ownCatalogue };
  }
}

/** What a package may take to load: its default too where what was given is wrong, which is said later. */
function timeoutOf(values: readonly Resolved[]): number {
  const given = values.find(({ setting }) => fold(setting.path) === fold(timeout));
  const { timeoutSeconds } = rsaKeySettingsSchema.shape;
  return timeoutSeconds.safeParse(given?.value).data ?? timeoutSeconds.parse(undefined);
}

function withoutPackage({ given, problems, complete }: GivenSettings, chosen: Resolved, why: string): GivenSettings {
  return {
    given: given.filter(({ path }) => !fold(path).startsWith(`${fold(branch)}__`)),
    problems: [...problems, settingProblem(provider, why, chosen.source)],
    complete,
  };
}
