import { isAbsolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { timerMilliseconds } from '@key-connector/common';
import type { ApiVersion, KeyProviderModule } from '../../contract/key-provider-module.js';
import { isModuleName } from './module-name.js';
import { classAndPlace, isError, ModuleUnusable } from './package.errors.js';
import { type SettingsFields, settingsFieldsOf } from './settings-fields.js';

const apiVersion: ApiVersion = 1;

const wrongFile = 'it is another kind of package, or its provider stands in another of its files';

/** A package that was found to keep to the contract, as far as that can be seen before it opens a key. */
export interface LoadedModule {
  /** What stands behind `module:`. */
  readonly name: string;
  readonly provider: KeyProviderModule;
  readonly fields: SettingsFields;
}

/**
 * Loads a package, which may take `timeoutSeconds`, and looks at what it exports; throws ModuleUnusable.
 *
 * @example
 * const loaded = await loadModule('@acme/luna', 15);
 * keyProviderSettingsSchemaOf(loaded).parse({ rsaKey: { provider: 'module:@acme/luna', module: { slot: '1' } } });
 */
export async function loadModule(name: string, timeoutSeconds: number): Promise<LoadedModule> {
  if (!isModuleName(name)) {
    throw new ModuleUnusable('must be module:<name of a package> or module:<absolute path of its main file>');
  }
  const exported = (await imported(name, timeoutSeconds)) as { keyProvider?: unknown };
  return checkedModule(name, exported.keyProvider);
}

/** Looks at what a package exports as `keyProvider`; throws ModuleUnusable. */
export function checkedModule(name: string, exported: unknown): LoadedModule {
  const provider = checkedProvider(name, exported);
  return { name, provider, fields: settingsFieldsOf(name, provider.settings) };
}

async function imported(name: string, timeoutSeconds: number): Promise<unknown> {
  const timer = new AbortController();
  // With a reference: Node ends a process in which nothing but an import goes on.
  const late = sleep(timerMilliseconds(timeoutSeconds * 1000), undefined, { signal: timer.signal }).then(() => {
    throw new ModuleUnusable(
      `names ${name}, which has not finished loading after ${timeoutSeconds} s (rsaKey__timeoutSeconds): ` +
        'a top-level await in it does not end. What takes long belongs in its open()',
    );
  });
  try {
    return await Promise.race([import(isAbsolute(name) ? pathToFileURL(name).href : name), late]);
  } catch (error) {
    throw error instanceof ModuleUnusable ? error : new ModuleUnusable(whyNotImported(name, error));
  } finally {
    timer.abort();
  }
}

/** What Node says of files and packages is safe to show; what the package says at import may hold anything. */
function whyNotImported(name: string, error: unknown): string {
  const code = isError(error) ? String(error.code) : '';
  if (isError(error) && (code.startsWith('ERR_') || code === 'MODULE_NOT_FOUND' || error.name === 'SyntaxError')) {
    return `names ${name}, which cannot be loaded: ${error.message}${isAbsolute(name) ? '' : howToInstall(name, error)}`;
  }
  return `names ${name}, which throws while it is loaded (${classAndPlace(error)}). That is for its author to mend`;
}

function howToInstall(name: string, { message }: Error): string {
  const [, missing] = /^Cannot find (?:package|module) '([^']+)'/.exec(message) ?? [];
  if (missing === undefined || !`${name}/`.startsWith(`${missing}/`)) return '';
  return `. Install it in the folder of the service: npm install --no-save --omit=dev ${missing}`;
}

function checkedProvider(name: string, exported: unknown): KeyProviderModule {
  const refuse = (why: string): ModuleUnusable => new ModuleUnusable(`names ${name}, which ${why}`);
  if (typeof exported !== 'object' || exported === null)
    throw refuse(`exports no object \`keyProvider\`: ${wrongFile}`);
  const provider = exported as Partial<Record<keyof KeyProviderModule, unknown>>;
  if (provider.apiVersion !== apiVersion) {
    const theirs = typeof provider.apiVersion === 'number' ? `apiVersion ${provider.apiVersion}` : 'no apiVersion';
    throw refuse(
      `is written for ${theirs} of the contract; this service knows ${apiVersion}. Take a release of the package for ` +
        'this service, or of the service for this package',
    );
  }
  for (const method of ['describe', 'open'] as const) {
    if (typeof provider[method] !== 'function') throw refuse(`exports a \`keyProvider\` without ${method}()`);
  }
  return exported as KeyProviderModule;
}
