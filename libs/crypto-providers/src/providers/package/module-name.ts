import { isAbsolute } from 'node:path';
import { z } from 'zod';

const prefix = 'module:';

/** `rsaKey__provider` of a provider that a package brings. */
export type ModuleProvider = `module:${string}`;

/** `module:<package>` or `module:/path/of/its/main/file.js`. */
export const moduleProvider: z.ZodType<ModuleProvider> = z
  .templateLiteral([prefix, z.string().min(1)])
  .meta({ title: 'module:<package>' });

/** Whether a value of `rsaKey__provider` names a package: `module:@acme/luna`, in any case of `module`. */
export const isModuleProvider = (provider: string): provider is ModuleProvider =>
  provider.toLowerCase().startsWith(prefix) && provider.length > prefix.length;

/** What stands behind `module:`: `@acme/luna`, or the absolute path of a file. */
export const moduleNameOf = (provider: ModuleProvider): string => provider.slice(prefix.length).trim();

/** npm's form of a package's name, perhaps with an entry behind it: `@acme/thales-luna`, `acme-hsm/cluster`. */
const packageName = /^(@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*$/;

/** Whether the service can look for it: a package's name, or an absolute path. */
export const isModuleName = (name: string): boolean => packageName.test(name) || isAbsolute(name);
