import type { Given } from './given.js';
import { root } from './names.js';

/** Names and values, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** This process's environment: the one place that it is read. */
export const processEnvironment = (): Environment => process.env;

/** Adds to this process's environment, for libraries that read it by themselves. */
export const extendProcessEnvironment = (variables: Environment): void => void Object.assign(process.env, variables);

const separator = /__|:/;

/** Whether Node itself read an env file before this process began, which it does by rules of its own. */
export const nodeReadEnvFile = (): boolean => process.execArgv.some((option) => option.startsWith('--env-file'));

/** What to say at a start where it did; `undefined` where it did not. */
export const envFileWarning = (): string | undefined =>
  nodeReadEnvFile()
    ? 'Node was started with --env-file, which cuts a value at # and takes quotes off, as no container does. Name the ' +
      'file in KEY_CONNECTOR_ENV_FILE instead: it is then read as Docker reads it.'
    : undefined;

/**
 * Every variable under `keyConnectorSettings` that is not blank, in any case, with `__` or `:` between the parts.
 *
 * @param placeOf the env file and line that gave a variable, if one did.
 */
export function givenByEnvironment(
  environment: Environment,
  placeOf: (name: string) => string | undefined = () => undefined,
): Given[] {
  return Object.entries(environment).flatMap(([name, value]): Given[] => {
    if (!name.toLowerCase().startsWith(root.toLowerCase()) || !value?.trim()) return [];
    const path = name.slice(root.length).replace(/^(__|:)/, '');
    return [{ path: path.split(separator), value, source: { kind: 'environment', name, place: placeOf(name) } }];
  });
}
