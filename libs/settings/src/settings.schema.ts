import { authSettingsSchema } from '@key-connector/auth';
import { serverUri, uri } from '@key-connector/common';
import {
  keyProviderSettingsSchema,
  keyProviderSettingsSchemaOf,
  type LoadedModule,
} from '@key-connector/crypto-providers';
import { databaseSettingsSchema } from '@key-connector/database';
import { keyRingSettingsSchema } from '@key-connector/key-ring';
import { logSettingsSchema, metricsSettingsSchema } from '@key-connector/observability';
import { userKeysSettingsSchema } from '@key-connector/user-keys';
import { z } from 'zod';

import { httpSettingsSchema } from './http.settings.js';
import { tlsSettingsSchema } from './tls.settings.js';

const urisSchema = z.strictObject({
  webVaultUri: uri('The web vault; its origin may call this service from browsers.').optional(),
  identityServerUri: serverUri(
    'The identity server that signs access tokens; its discovery document is read.',
  ).optional(),
});

/** A slice of the settings: its schema, and where in the tree it stands. */
export interface Slice {
  readonly at: readonly string[];
  readonly schema: z.ZodType;
}

/** Every slice, in the order of the reference. */
export const slices = {
  uris: { at: [], schema: urisSchema },
  http: { at: ['http'], schema: httpSettingsSchema },
  tls: { at: ['tls'], schema: tlsSettingsSchema },
  auth: { at: ['auth'], schema: authSettingsSchema },
  database: { at: ['database'], schema: databaseSettingsSchema },
  /** Two branches of the tree, `rsaKey` and `certificate`, that choose one provider together. */
  keyProvider: { at: [], schema: keyProviderSettingsSchema },
  keyRing: { at: ['keyRing'], schema: keyRingSettingsSchema },
  userKeys: { at: ['userKeys'], schema: userKeysSettingsSchema },
  log: { at: ['log'], schema: logSettingsSchema },
  metrics: { at: ['metrics'], schema: metricsSettingsSchema },
} as const satisfies Record<string, Slice>;

/** Slices by name. */
export type Slices = typeof slices;

/** Every slice, with the settings of a package that brings the key provider. */
export const slicesWith = (loaded: LoadedModule): Slices => ({
  ...slices,
  keyProvider: { at: [], schema: keyProviderSettingsSchemaOf(loaded) },
});

/** The name of a slice. */
export type SliceName = keyof Slices;

/** What each slice's schema gives. */
export type SliceOutputs = { [N in SliceName]: z.output<Slices[N]['schema']> };
