/** The root of the settings tree, in the environment and in the YAML file. */
export const root = 'keyConnectorSettings';

/** A setting's name as the documentation and the errors write it: `database__provider`. */
export const settingName = (path: readonly string[]): string => path.join('__');

/** The environment variable that gives a setting: `keyConnectorSettings__database__provider`. */
export const environmentName = (path: readonly string[]): string => settingName([root, ...path]);

/** What all spellings of one setting have in common. */
export const fold = (path: readonly string[]): string => settingName(path).toLowerCase();

/** Whether a path leads to a branch of the settings or into it. */
export const isWithin = (branch: readonly string[], path: readonly string[]): boolean =>
  `${fold(path)}__`.startsWith(`${fold(branch)}__`);

const nameLike = /^\w[\w.:-]{0,127}$/;
/** Names of ours have four parts at most. */
const maxParts = 6;

/**
 * A name that someone else chose, fit to be printed.
 *
 * A slip such as `password:hunter two` in YAML makes a name of a value, so what does not look like a name is left out.
 */
export function printable(path: readonly string[]): string {
  const parts = path.slice(0, maxParts).map((part) => (nameLike.test(part) ? part : '(unprintable)'));
  return settingName(path.length > maxParts ? [...parts, '…'] : parts);
}
