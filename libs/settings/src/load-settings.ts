import { check } from './check.js';
import { type Environment, extendProcessEnvironment, givenByEnvironment, processEnvironment } from './environment.js';
import { GivenSecrets } from './given-secrets.js';
import { environmentName, settingName } from './names.js';
import { nameSettings } from './named-settings.js';
import { readSecretFiles } from './secret-files.js';
import type { Settings } from './settings.js';
import { readSources, type Sources } from './sources.js';

/**
 * The settings of this process, from its environment, env files, the YAML file and the files that `<name>_FILE`
 * settings name. Each is read once, each name resolved once and each value checked once. Where `rsaKey__provider` names
 * a package, it is loaded, because it brings settings of its own.
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
  const sources = await readSources(environment ?? processEnvironment(), envFiles);
  if (environment === undefined) extendProcessEnvironment(sources.added);
  return settingsOf(sources);
}

/**
 * Checks settings that stand nowhere yet, as a start would; nothing that this process or its files have counts.
 *
 * @param named by their names: `{ database__provider: 'sqlite' }`.
 *
 * @throws SettingsInvalid with every problem.
 */
export async function assertSettings(named: Readonly<Record<string, string>>): Promise<void> {
  const variables = Object.entries(named).map(([name, value]) => [environmentName(name.split('__')), value] as const);
  const given = givenByEnvironment(Object.fromEntries(variables));
  await settingsOf({ given, problems: [], complete: true, added: {} });
}

async function settingsOf(sources: Sources): Promise<Settings> {
  const named = await nameSettings(sources);
  // What is wrong with a setting that nobody looks at does not matter, and its secret is not read.
  const isUsed = (name: string): boolean => !named.leftovers.has(name);
  const used = named.values.filter(({ setting }) => isUsed(settingName(setting.path)));
  const read = await readSecretFiles(used);
  const problems = [...named.problems.filter(({ name }) => isUsed(name)), ...read.problems];
  const secrets = new GivenSecrets(named.catalogue, used, read.values);
  return check(named.catalogue, { values: read.values, problems }, sources.complete, secrets);
}
