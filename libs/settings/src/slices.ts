import { authSettingsSchema } from '@key-connector/auth';
import { integer, serverUri, text, uri } from '@key-connector/common';
import {
  certificateSettingsSchema,
  keyProviderSettingsSchema,
  keyProviderSettingsSchemaOf,
  type LoadedModule,
  rsaKeySettingsSchema,
} from '@key-connector/crypto-providers';
import { databaseSettingsSchema } from '@key-connector/database';
import { keyRingSettingsSchema } from '@key-connector/key-ring';
import { logSettingsSchema, metricsSettingsSchema } from '@key-connector/observability';
import { userKeysSettingsSchema } from '@key-connector/user-keys';
import { z } from 'zod';

import { httpSettingsSchema } from './http.settings.js';

const urisSchema = z.strictObject({
  webVaultUri: uri('The web vault; its origin may call this service from browsers.').optional(),
  identityServerUri: serverUri(
    'The identity server that signs access tokens; its discovery document is read.',
  ).optional(),
});

/** `tls__*`: whom the service trusts when it calls others. */
const tlsSettingsSchema = z.strictObject({
  extraCaPath: text(
    'File (PEM or DER), or folder of such files, with certificate authorities that are trusted beside the well-known ones, for the identity server, the database and the key provider. Where it is not given, `/etc/bitwarden/ca-certificates` is read if it is there.',
  ).optional(),
});

/** `files__*`: files that are read again while the service runs. */
const filesSettingsSchema = z.strictObject({
  checkSeconds: integer(
    'How often certificates, authorities and secrets given as files are looked at, in seconds: what changed is used after two looks that find the same, without a restart. 0: they are read at the start alone.',
    { min: 0, max: 86_400 },
  ).default(5),
});

/** A part of the settings tree: its schema, which holds names, rules and defaults, and where in the tree it stands. */
export interface Slice {
  readonly at: readonly string[];
  readonly schema: z.ZodType;
}

/**
 * Every slice, in the order of the reference. A room's own slice stands in that room: the default of
 * `auth__clockSkewSeconds` is in `libs/auth/src/auth.settings.ts`.
 */
export const slices = {
  uris: { at: [], schema: urisSchema },
  http: { at: ['http'], schema: httpSettingsSchema },
  tls: { at: ['tls'], schema: tlsSettingsSchema },
  files: { at: ['files'], schema: filesSettingsSchema },
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

/** The name of a slice. */
export type SliceName = keyof Slices;

/** What each slice's schema gives. */
export type SliceOutputs = { readonly [N in SliceName]: z.output<Slices[N]['schema']> };

/** Every slice, with the settings of a package that brings the key provider. */
export const slicesWith = (loaded: LoadedModule): Slices => ({
  ...slices,
  keyProvider: { at: [], schema: keyProviderSettingsSchemaOf(loaded) },
});

/**
 * `transferTo__*`: the target of a transfer, with the same settings as the source. It is no slice: see
 * `refuseTransfer`.
 */
export const transferTo: Slice = {
  at: ['transferTo'],
  schema: z.strictObject({
    lockfilePath: text('The file that marks a finished transfer.').optional(),
    database: databaseSettingsSchema,
    rsaKey: rsaKeySettingsSchema,
    certificate: certificateSettingsSchema,
  }),
};
