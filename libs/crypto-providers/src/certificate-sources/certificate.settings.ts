import { choice, text } from '@key-connector/common';
import { z } from 'zod';
import { byKind, fieldsOf, kindsOf } from '../contract/definitions.js';
import type { Report } from '../contract/required-settings.js';
import type { KeyFileSource } from '../key-files/key-file.js';
import { readThumbprint } from '../key-files/thumbprint.js';
import type { ReadOptions } from './certificate-source.js';
import { certificateSources } from './index.js';

/**
 * `certificate__*`: where the certificate with the RSA key is, for `rsaKey__provider: certificate`.
 *
 * Settings of sources that are not chosen are accepted, because existing deployments keep leftovers.
 *
 * @example
 * certificateSettingsSchema.parse({ filesystemPath: '/etc/key-connector/key.pfx' }).provider; // 'filesystem'
 */
export const certificateSettingsSchema = z.strictObject({
  provider: choice('Where the certificate is kept.', kindsOf(certificateSources)).default('filesystem'),
  thumbprint: text(
    'Where the file holds several RSA keys: the SHA-1 thumbprint of the certificate whose key is meant. A file without it is refused.',
  )
    .refine((given) => readThumbprint(given) !== undefined, {
      error: 'must be a SHA-1 thumbprint: 40 hexadecimal digits',
    })
    .optional(),
  ...fieldsOf(certificateSources),
});

/** `certificate__*` as the schema gives it: flat, with secrets of type `Secret`. */
export type CertificateSettings = z.output<typeof certificateSettingsSchema>;

/** The settings of each source, by its kind. */
type SourceSettings = {
  [D in (typeof certificateSources)[number] as D['kind']]: NonNullable<ReturnType<D['choose']>>;
};

type SourceKind = keyof SourceSettings;

/** The chosen source with its settings. */
export type CertificateSource<K extends SourceKind = SourceKind> = {
  [P in K]: { readonly kind: P } & SourceSettings[P];
}[K] & {
  /** `certificate__thumbprint`, as `readThumbprint` gives it. */
  readonly ofThumbprint?: string | undefined;
};

interface Definition<K extends SourceKind> {
  choose(certificate: CertificateSettings, report: Report): SourceSettings[K] | undefined;
  describe(settings: SourceSettings[K]): string;
  read(settings: SourceSettings[K], options: ReadOptions): Promise<KeyFileSource>;
}

const definitions: { readonly [K in SourceKind]: Definition<K> } = byKind(certificateSources);

/** The chosen source of the certificate; what is wrong is reported, and the answer is `undefined`. */
export function chooseCertificateSource(settings: CertificateSettings, report: Report): CertificateSource | undefined {
  return chooseKind(settings.provider, settings, report);
}

function chooseKind<K extends SourceKind>(
  kind: K,
  settings: CertificateSettings,
  report: Report,
): CertificateSource<K> | undefined {
  const chosen = definitions[kind].choose(settings, report);
  const ofThumbprint = settings.thumbprint === undefined ? undefined : readThumbprint(settings.thumbprint);
  return chosen && Object.assign({ kind, ...chosen }, ofThumbprint !== undefined && { ofThumbprint });
}

/** Names the place of the certificate; no secret in it. */
export function describeCertificateSource<K extends SourceKind>(source: CertificateSource<K>): string {
  return definitions[source.kind].describe(source);
}

/** Reads the key file from the chosen place; the caller wipes its bytes. */
export async function readKeyFileSource<K extends SourceKind>(
  source: CertificateSource<K>,
  options: ReadOptions,
): Promise<KeyFileSource> {
  const file = await definitions[source.kind].read(source, options);
  return { ...file, thumbprint: source.ofThumbprint };
}
