import { choice, integer } from '@key-connector/common';
import { z } from 'zod';
import { fieldsOf, kindsOf } from './contract/definitions.js';
import { oaepHashSettings } from './contract/rsa-oaep.js';
import { keyProviders } from './providers/index.js';
import { packageProvider } from './providers/package/index.js';
import {
  isModuleProvider,
  moduleNameOf,
  type ModuleProvider,
  moduleProvider,
} from './providers/package/module-name.js';

/**
 * `rsaKey__*`: where the key-encryption key is.
 *
 * Settings of providers that are not chosen are accepted, because existing deployments keep leftovers.
 *
 * @example
 * rsaKeySettingsSchema.parse({ provider: 'awskms', awsKeyId: 'alias/key-connector' }).timeoutSeconds; // 15
 */
export const rsaKeySettingsSchema = z.strictObject({
  provider: providerField(
    'Where the RSA key that protects the data key is kept; `module:<package>` where a package brings the provider.',
    kindsOf(keyProviders),
  ).default('certificate'),
  timeoutSeconds: integer('Longest wait for one answer of the key provider.', { min: 1, max: 120 }).default(15),
  oaepHash: choice(
    'The hash of RSA-OAEP for a new ring or an added key, where the provider offers both; a ring keeps the one that its manifest lists. Not given: the provider’s default.',
    oaepHashSettings,
  ).optional(),
  ...fieldsOf(keyProviders),
  ...packageProvider.fields,
});

/** `rsaKey__*` as the schema gives it: flat, with secrets of type `Secret`. */
export type RsaKeySettings = z.output<typeof rsaKeySettingsSchema>;

/** One of our providers, in any case, or `module:<package>`, whose package keeps its case. */
function providerField<const K extends string>(
  description: string,
  kinds: readonly [K, ...K[]],
): z.ZodPreprocess<z.ZodUnion<readonly [z.ZodEnum<{ [N in K]: N }>, z.ZodType<ModuleProvider>]>> {
  return z
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
}
