import { catalogue } from './catalogue.js';
import { checkValues } from './check-values.js';
import { configFile } from './config-file.js';
import { crossSliceProblems } from './cross-slice.rules.js';
import { type Environment, givenByEnvironment, processEnvironment } from './environment.js';
import { readSlices } from './read-slices.js';
import { resolve } from './resolve.js';
import type { SliceOutputs } from './settings.schema.js';
import { SettingsInvalid } from './settings-invalid.error.js';
import { Settings } from './settings.js';
import { refuseTransfer } from './transfer-to.js';
import { givenByYaml, type YamlReading } from './yaml/yaml-file.js';

/** Reads the environment and the YAML file; throws {@link SettingsInvalid} with every problem at once. */
export function loadSettings(environment: Environment = processEnvironment()): Settings {
  const file = configFile(environment);
  const yaml: YamlReading = file === undefined ? { given: [], problems: [] } : givenByYaml(file);
  const resolution = resolve([...givenByEnvironment(environment), ...(yaml.given ?? [])], catalogue);
  const checked = checkValues(resolution.values);
  const certain = [...yaml.problems, ...resolution.problems, ...checked.problems, ...refuseTransfer(resolution.values)];
  // What a file that could not be read would have given is not known, so nothing is called missing.
  if (yaml.given === undefined) throw new SettingsInvalid(certain);

  const broken = new Set(certain.map(({ name }) => name));
  const { outputs, problems } = readSlices(checked.right, broken);
  // A broken setting counts as not given here; that it is then missing goes without saying.
  const further = [...problems, ...crossSliceProblems(resolution.values)].filter(({ name }) => !broken.has(name));
  if (certain.length + further.length > 0) throw new SettingsInvalid([...certain, ...further]);

  // Without problems, every slice gave its output.
  return new Settings(outputs as SliceOutputs);
}
