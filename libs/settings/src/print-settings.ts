import { isAbsolute } from 'node:path';
import { type Environment, processEnvironment } from './environment.js';
import { describeSource } from './given.js';
import { settingName } from './names.js';
import { nameSettings } from './named-settings.js';
import type { Resolved } from './resolve.js';
import type { Problem } from './settings.errors.js';
import { readSources } from './sources.js';

const mask = '***';

/** One setting as an operator may see it. */
export interface PrintedSetting {
  /** `database__provider` */
  readonly name: string;
  /**
   * As it is understood; `***` for a secret, and null for what cannot be used, which may be a secret in the wrong
   * place.
   */
  readonly value: unknown;
  /** Variable, env file and line, or YAML file and line; `default` where it was not given. */
  readonly from: string;
  /** The file that holds the secret. */
  readonly file?: string;
  /** Given, but nobody looks at it: another provider is chosen. */
  readonly unused?: true;
}

/** The settings that are given, and the defaults of the others, in the order of the reference. */
export interface PrintedSettings {
  readonly settings: readonly PrintedSetting[];
  /** What is wrong with names and places; what is wrong with values is for `loadSettings` to say. */
  readonly problems: readonly Problem[];
}

/** Tells where each setting has its value from. No secret is printed, and no file of a secret is read. */
export async function printSettings(
  environment: Environment = processEnvironment(),
  envFiles?: readonly string[],
): Promise<PrintedSettings> {
  const { catalogue, values, problems, leftovers } = await nameSettings(await readSources(environment, envFiles));
  const given = new Map(values.map((value) => [settingName(value.setting.path), value]));
  const settings = catalogue.settings.flatMap((setting): PrintedSetting[] => {
    const name = settingName(setting.path);
    const value = given.get(name);
    const isLeftover = leftovers.has(name);
    if (value !== undefined) return [{ ...printed(name, value), ...(isLeftover && { unused: true as const }) }];
    if (setting.default === undefined || isLeftover || setting.path[0] === 'transferTo') return [];
    return [{ name, value: setting.default, from: 'default' }];
  });
  return { settings, problems };
}

function printed(name: string, { setting, value, byFile, source }: Resolved): PrintedSetting {
  const from = describeSource(source);
  if (byFile) {
    const file = String(value).trim();
    // What is no absolute path may be the secret itself, given under the wrong name.
    return { name, value: mask, from, ...(isAbsolute(file) && { file }) };
  }
  if (setting.secret) return { name, value: mask, from };
  const { data } = setting.field.safeParse(value);
  // Secret and Uri mask themselves in JSON.
  return { name, value: data === undefined ? null : (JSON.parse(JSON.stringify(data)) as unknown), from };
}
