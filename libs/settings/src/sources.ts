import { statSync } from 'node:fs';
import { delimiter } from 'node:path';

import { withAmbient } from './ambient.js';
import { readEnvFiles } from './env-file.js';
import { type Environment, givenByEnvironment, nodeReadEnvFile } from './environment.js';
import type { Given } from './given.js';
import type { Problem } from './settings.errors.js';
import type { YamlReading } from './yaml-file.js';

/** Everything that was given, under whatever name. */
export interface Sources {
  readonly given: readonly Given[];
  /** What is wrong with where it was read from. */
  readonly problems: readonly Problem[];
  /** Whether nothing is missing because its file could not be read. */
  readonly complete: boolean;
  /** The variables that env files add to the environment. */
  readonly added: Environment;
}

/** Reads the env files, the environment with what they add, and the YAML file. */
export async function readSources(own: Environment, envFiles: readonly string[] = envFilesOf(own)): Promise<Sources> {
  const { variables, problems: envProblems } = await readEnvFiles(envFiles, own);
  const added = Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
  const environment = { ...added, ...own };
  const inEnvironment = givenByEnvironment(environment, (name) => variables.get(name)?.place);
  const twice = envFiles.length > 0 && nodeReadEnvFile() ? [readTwice] : [];
  const file = configFile(environment);
  const yaml = file === undefined ? { given: [], problems: [] } : await readYamlFile(file);
  const problems = [...twice, ...envProblems, ...yaml.problems];
  const complete = yaml.given !== undefined && envProblems.length === 0 && twice.length === 0;
  const given = withAmbient([...inEnvironment, ...(yaml.given ?? [])], environment);
  return { given, problems, complete, added };
}

/** The parser is loaded where there is something to parse. */
const readYamlFile = async (file: string): Promise<YamlReading> => (await import('./yaml-file.js')).givenByYaml(file);

const readTwice: Problem = {
  name: 'env file',
  rule: 'must not be read by Node too, which cuts values at # and whose values would count; start Node without --env-file',
  where: 'command line of Node',
};

/** The env files that `KEY_CONNECTOR_ENV_FILE` names, separated as in PATH. */
const envFilesOf = (environment: Environment): string[] =>
  (environment['KEY_CONNECTOR_ENV_FILE'] ?? '').split(delimiter).filter((file) => file.trim() !== '');

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
