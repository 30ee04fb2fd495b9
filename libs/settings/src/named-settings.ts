import {
  isModuleProvider,
  leftoverSettings,
  loadModule,
  moduleNameOf,
  ModuleUnusable,
  rsaKeySettingsSchema,
} from '@key-connector/crypto-providers';
import { leftoverDatabaseSettings } from '@key-connector/database';

import { type Catalogue, catalogue, catalogueOf } from './catalogue.js';
import { isWithin, settingName } from './names.js';
import { type Resolution, type Resolved, resolve } from './resolve.js';
import { type Problem, settingProblem } from './settings.errors.js';
import { slicesWith } from './slices.js';
import type { Sources } from './sources.js';

/**
 * Every setting with the value that counts, as it was given: files of secrets are not read yet, and nothing is checked.
 */
export interface NamedSettings extends Resolution {
  /** With the settings of the package that `rsaKey__provider` names. */
  readonly catalogue: Catalogue;
  /** Names of settings that nobody looks at, given or not, because another provider is chosen. */
  readonly leftovers: ReadonlySet<string>;
}

/**
 * Finds the setting that each given name means, and loads the package that `rsaKey__provider` names, if it names one.
 */
export async function nameSettings({ given, problems }: Sources): Promise<NamedSettings> {
  const ofPackage = given.filter(({ path }) => isWithin(packageBranch, path));
  const others = given.filter(({ path }) => !isWithin(packageBranch, path));

  const own = resolve(others, catalogue.settings);
  const loaded = await withPackage(own.values);
  // Of the settings of a package that cannot be used nothing is known, so nothing is said.
  const its = loaded.problems.length > 0 ? loaded : resolve(ofPackage, loaded.catalogue.settings);
  return {
    values: [...own.values, ...its.values],
    problems: [...problems, ...own.problems, ...its.problems],
    catalogue: loaded.catalogue,
    leftovers: leftoversOf(own.values),
  };
}

const packageBranch = ['rsaKey', 'module'];

interface WithPackage extends Resolution {
  readonly catalogue: Catalogue;
}

/** Loads the package that `rsaKey__provider` names, if it names one, and takes its settings into the catalogue. */
async function withPackage(values: readonly Resolved[]): Promise<WithPackage> {
  const chosen = valueOf(values, 'rsaKey__provider');
  const provider = String(chosen?.value ?? '').trim();
  if (chosen === undefined || !isModuleProvider(provider)) return { catalogue, values: [], problems: [] };
  try {
    const loaded = await loadModule(moduleNameOf(provider), timeoutOf(values));
    return { catalogue: catalogueOf(slicesWith(loaded)), values: [], problems: [] };
  } catch (error) {
    if (!(error instanceof ModuleUnusable)) throw error;
    const problem: Problem = settingProblem(chosen.setting.path, error.message, chosen.source);
    return { catalogue, values: [], problems: [problem] };
  }
}

/** What a package may take to load: its default too where what was given is wrong, which is said later. */
function timeoutOf(values: readonly Resolved[]): number {
  const { timeoutSeconds } = rsaKeySettingsSchema.shape;
  const given = timeoutSeconds.safeParse(valueOf(values, 'rsaKey__timeoutSeconds')?.value);
  return given.data ?? timeoutSeconds.parse(undefined);
}

function leftoversOf(values: readonly Resolved[]): ReadonlySet<string> {
  const ofKeys = leftoverSettings({
    rsaKey: valueOf(values, 'rsaKey__provider')?.value,
    certificate: valueOf(values, 'certificate__provider')?.value,
  });
  const ofDatabase = leftoverDatabaseSettings(valueOf(values, 'database__provider')?.value);
  return new Set([...ofKeys, ...ofDatabase.map((name) => ['database', name])].map(settingName));
}

const valueOf = (values: readonly Resolved[], name: string): Resolved | undefined =>
  values.find(({ setting }) => settingName(setting.path) === name);
