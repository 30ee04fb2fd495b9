import { statSync } from 'node:fs';

import { withAmbient } from './ambient.js';
import { type Environment, givenByEnvironment } from './environment.js';
import type { Given } from './given.js';
import type { Problem } from './settings.errors.js';
import { givenByYaml } from './yaml-file.js';

/** Everything that was given, under whatever name. */
export interface Sources {
  readonly given: readonly Given[];
  /** What is wrong with where it was read from. */
  readonly problems: readonly Problem[];
  /** Whether nothing is missing because its file could not be read. */
  readonly complete: boolean;
}

/** Reads the environment and the YAML file. */
export async function readSources(environment: Environment): Promise<Sources> {
  const inEnvironment = givenByEnvironment(environment);
  const file = configFile(environment);
  if (file === undefined) return { given: withAmbient(inEnvironment, environment), problems: [], complete: true };
  const { given, problems } = await givenByYaml(file);
  const all = withAmbient([...inEnvironment, ...(given ?? [])], environment);
  return { given: all, problems, complete: given !== undefined };
}

const usualFile = '/etc/key-connector/config.yaml';

/** The YAML file to read: the one that `KEY_CONNECTOR_CONFIG` names, or the usual one where it exists. */
export function configFile(environment: Environment, usual = usualFile): string | undefined {
  const named = environment['KEY_CONNECTOR_CONFIG']?.trim() ?? '';
  if (named !== '') return named;
  return mayExist(usual) ? usual : undefined;
}

/** A file that cannot be looked at counts as there: passing it over in silence would start with other settings. */
function mayExist(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
