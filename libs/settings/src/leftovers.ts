import { leftoverSettings } from '@key-connector/crypto-providers';
import type { Resolved } from './choose-value.js';
import { settingName } from './names.js';

/** The names of settings that nobody looks at, because another provider is chosen; what is wrong with them does not matter. */
export function leftoverNames(values: readonly Resolved[]): ReadonlySet<string> {
  const valueOf = (name: string): unknown => values.find(({ setting }) => settingName(setting.path) === name)?.value;
  const given = { rsaKey: valueOf('rsaKey__provider'), certificate: valueOf('certificate__provider') };
  return new Set(leftoverSettings(given).map(settingName));
}
