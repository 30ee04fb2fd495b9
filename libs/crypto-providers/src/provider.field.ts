import { z } from 'zod';
import { isModuleProvider, moduleNameOf, type ModuleProvider, moduleProvider } from './providers/package/module-name.js';

/** One of our providers, in any case, or `module:<package>`, whose package keeps its case. */
export const providerField = <const K extends readonly [string, ...string[]]>(
  description: string,
  kinds: K,
): z.ZodPreprocess<z.ZodUnion<readonly [z.ZodEnum<{ [N in K[number]]: N }>, z.ZodType<ModuleProvider>]>> =>
  z
    .preprocess(
      (value) => {
        if (typeof value !== 'string') return value;
        const given = value.trim();
        if (isModuleProvider(given)) return `module:${moduleNameOf(given)}`;
        return kinds.find((kind) => kind.toLowerCase() === given.toLowerCase()) ?? value;
      },
      z.union([z.enum(kinds), moduleProvider], { error: `must be one of ${kinds.join(', ')}, or module:<package>` }),
    )
    .meta({ description });
