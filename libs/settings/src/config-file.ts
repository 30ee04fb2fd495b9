import { statSync } from 'node:fs';

import type { Environment } from './environment.js';

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
