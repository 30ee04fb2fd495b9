import type { Environment } from './environment.js';
import type { Given } from './given.js';
import { fold } from './names.js';

/** What AWS gives its workloads, and its own SDKs read. */
const regionVariables = ['AWS_REGION', 'AWS_DEFAULT_REGION'];

/** The setting that it stands in for, unless the other one tells the region already. */
const regions = [
  { path: ['rsaKey', 'awsRegion'], unless: { path: ['rsaKey', 'awsKeyId'], tells: /^\s*arn:/i } },
  // The host name of an RDS database counts before it.
  { path: ['database', 'awsRegion'] },
];

/** What was given, and what variables of the platform say where nothing gives the setting itself. */
export function withAmbient(given: readonly Given[], environment: Environment): readonly Given[] {
  const name = regionVariables.find((variable) => (environment[variable] ?? '').trim() !== '');
  if (name === undefined) return given;
  const valueOf = (path: readonly string[]): Given['value'] | undefined =>
    given.find((one) => fold(one.path) === fold(path))?.value;
  const missing = regions.filter(
    ({ path, unless }) => valueOf(path) === undefined && !unless?.tells.test(String(valueOf(unless.path) ?? '')),
  );
  const value = environment[name] ?? '';
  return [...given, ...missing.map(({ path }): Given => ({ path, value, source: { kind: 'environment', name } }))];
}
