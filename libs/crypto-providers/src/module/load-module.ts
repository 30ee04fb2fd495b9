import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isError } from './is-error.js';
import type { ApiVersion, KeyProviderModule } from './contract.js';
import { isModuleName } from './module-name.js';
import { ModuleUnusable } from './module-unusable.js';
import { classAndPlace } from './package-fault.js';
import { type SettingsFields, settingsFieldsOf } from './settings-fields.js';

const apiVersion: ApiVersion = 1;

/** A package that was found to keep to the contract, as far as that can be seen before it opens a key. */
export interface LoadedModule {
  readonly name: string;
  readonly provider: KeyProviderModule;
  readonly fields: SettingsFields;
}

/** Loads a package and looks at what it exports; throws ModuleUnusable. */
export async function loadModule(name: string): Promise<LoadedModule> {
  if (!isModuleName(name)) {
    throw new ModuleUnusable('must be module:<name of a package> or module:<absolute path of its main file>');
  }
  const exported = (await imported(name)) as { keyProvider?: unknown };
  return checkedModule(name, exported.keyProvider);
}

/** Looks at what a package exports as `keyProvider`; throws ModuleUnusable. */
export function checkedModule(name: string, exported: unknown): LoadedModule {
  const provider = checkedProvider(name, exported);
  return { name, provider, fields: settingsFieldsOf(name, provider.settings) };
}

async function imported(name: string): Promise<unknown> {
  try {
    return await import(isAbsolute(name) ? pathToFileURL(name).href : name);
  } catch (error) {
    throw new ModuleUnusable(whyNotImported(name, error));
  }
}

/** What Node says of files and packages is safe to show; what the package says at import may hold anything. */
function whyNotImported(name: string, error: unknown): string {
  const code = isError(error) ? String(error.code) : '';
  if (isError(error) && (code.startsWith('ERR_') || code === 'MODULE_NOT_FOUND' || error.name === 'SyntaxError')) {
    return `names ${name}, which cannot be loaded: ${error.message}`;
  }
  return `names ${name}, which throws while it is loaded (${classAndPlace(error)})`;
}

function checkedProvider(name: string, exported: unknown): KeyProviderModule {
  const refuse = (why: string): ModuleUnusable => new ModuleUnusable(`names ${name}, which ${why}`);
  if (typeof exported !== 'object' || exported === null) throw refuse('exports no object `keyProvider`');
  const provider = exported as Partial<Record<keyof KeyProviderModule, unknown>>;
  if (provider.apiVersion !== apiVersion) {
    const theirs = typeof provider.apiVersion === 'number' ? `apiVersion ${provider.apiVersion}` : 'no apiVersion';
    throw refuse(`is written for ${theirs} of the contract; this service knows ${apiVersion}`);
  }
  for (const method of ['describe', 'open'] as const) {
    if (typeof provider[method] !== 'function') throw refuse(`exports a \`keyProvider\` without ${method}()`);
  }
  return exported as KeyProviderModule;
}
