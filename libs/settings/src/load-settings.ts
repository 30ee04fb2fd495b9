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
import { check } from './check.js';
import { type Environment, extendProcessEnvironment, processEnvironment } from './environment.js';
import { GivenSecrets } from './given-secrets.js';
import { isWithin, settingName } from './names.js';
import { type Resolution, type Resolved, resolve } from './resolve.js';
import { readSecretFiles } from './secret-files.js';
import { type Problem, settingProblem } from './settings.errors.js';
import type { Settings } from './settings.js';
import { slicesWith } from './slices.js';
import { readSources } from './sources.js';

/**
 * The settings of this process, from its environment, env files, the YAML file and the files that `<name>_FILE` settings
 * name. Each is read once, each name resolved once and each value checked once. Where `rsaKey__provider` names a package, it is
 * loaded, because it brings settings of its own.
 *
 * Throws `SettingsInvalid` with every problem at once, and no value.
 *
 * @example
 * const settings = await loadSettings();
 * logger.debug({ settings }); // no secret in it: see Secret and Uri
 *
 * @param environment read instead of this process's own, which otherwise gets what env files add to it: libraries read
 * it by themselves.
 * @param envFiles read as Docker reads them, a later one first; those of `KEY_CONNECTOR_ENV_FILE` when left out.
 */
export async function loadSettings(environment?: Environment, envFiles?: readonly string[]): Promise<Settings> {
  const { given, problems, complete, added } = await readSources(environment ?? processEnvironment(), envFiles);
  if (environment === undefined) extendProcessEnvironment(added);
  const ofPackage = given.filter(({ path }) => isWithin(packageBranch, path));
  const others = given.filter(({ path }) => !isWithin(packageBranch, path));

  const own = resolve(others, catalogue.settings);
  const loaded = await withPackage(own.values);
  // Of the settings of a package that cannot be used nothing is known, so nothing is said.
  const its = loaded.problems.length > 0 ? loaded : resolve(ofPackage, loaded.catalogue.settings);

  const named = withoutLeftovers({
    values: [...own.values, ...its.values],
    problems: [...own.problems, ...its.problems],
  });
  const read = await readSecretFiles(named.values);
  const found = [...problems, ...named.problems, ...read.problems];
  const secrets = new GivenSecrets(loaded.catalogue, named.values, read.values);
  return check(loaded.catalogue, { values: read.values, problems: found }, complete, secrets);
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

/**
 * Leaves out what nobody looks at because another provider is chosen: what is wrong with it does not matter, and its
 * secrets are not read.
 */
function withoutLeftovers({ values, problems }: Resolution): Resolution {
  const ofKeys = leftoverSettings({
    rsaKey: valueOf(values, 'rsaKey__provider')?.value,
    certificate: valueOf(values, 'certificate__provider')?.value,
  });
  const ofDatabase = leftoverDatabaseSettings(valueOf(values, 'database__provider')?.value);
  const leftovers = new Set([...ofKeys, ...ofDatabase.map((name) => ['database', name])].map(settingName));
  return {
    values: values.filter(({ setting }) => !leftovers.has(settingName(setting.path))),
    problems: problems.filter(({ name }) => !leftovers.has(name)),
  };
}

const valueOf = (values: readonly Resolved[], name: string): Resolved | undefined =>
  values.find(({ setting }) => settingName(setting.path) === name);
