import type { Given } from './given.js';
import { root } from './names.js';

/** Names and values, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** This process's environment: the one place that it is read. */
export const processEnvironment = (): Environment => process.env;

/** Adds to this process's environment, for libraries that read it by themselves. */
export const extendProcessEnvironment = (variables: Environment): void => void Object.assign(process.env, variables);

const separator = /__|:/;

/** Every variable under `keyConnectorSettings` that is not blank, in any case, with `__` or `:` between the parts. */
export function givenByEnvironment(environment: Environment): Given[] {
  return Object.entries(environment).flatMap(([name, value]): Given[] => {
    if (!name.toLowerCase().startsWith(root.toLowerCase()) || !value?.trim()) return [];
    const path = name.slice(root.length).replace(/^(__|:)/, '');
    return [{ path: path.split(separator), value, source: { kind: 'environment', name } }];
  });
}
