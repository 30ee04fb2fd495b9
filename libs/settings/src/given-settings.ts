import { configFile } from './config-file.js';
import { type Environment, givenByEnvironment } from './environment.js';
import type { Given } from './given.js';
import type { Problem } from './problem.js';
import { givenByYaml } from './yaml/yaml-file.js';

/** Everything that was given, under whatever name. */
export interface GivenSettings {
  readonly given: readonly Given[];
  /** What is wrong with where it was read from. */
  readonly problems: readonly Problem[];
  /** Whether nothing is missing because its file could not be read. */
  readonly complete: boolean;
}

/** Reads the environment and the YAML file. */
export function givenSettings(environment: Environment): GivenSettings {
  const inEnvironment = givenByEnvironment(environment);
  const file = configFile(environment);
  if (file === undefined) return { given: inEnvironment, problems: [], complete: true };
  const yaml = givenByYaml(file);
  return {
    given: [...inEnvironment, ...(yaml.given ?? [])],
    problems: yaml.problems,
    complete: yaml.given !== undefined,
  };
}
