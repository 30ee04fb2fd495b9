import { type Environment, processEnvironment } from './environment.js';
import { givenSettings } from './given-settings.js';
import { withPackage } from './package-settings.js';
import { readSettings } from './read-settings.js';
import type { Settings } from './settings.js';

/**
 * Reads the environment and the YAML file, and loads the package that brings the key provider, if one does; throws
 * {@link SettingsInvalid} with every problem at once.
 */
export async function loadSettings(environment: Environment = processEnvironment()): Promise<Settings> {
  const { given, catalogue } = await withPackage(givenSettings(environment));
  return readSettings(given, catalogue);
}
