import { choice, secret, text } from '@key-connector/common';
import { z } from 'zod';
import {
  type CertificateSettings,
  certificateSettingsSchema,
  chooseCertificateSource,
} from '../../certificate-sources/certificate.settings.js';
import type { Values } from '../../contract/definitions.js';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';
import type { Report } from '../../contract/required-settings.js';
import type { Pkcs11Settings } from './open-key.js';

/** The bytes of a CKA_ID in hexadecimal, as tools show them; without `0x` or colons, digits alone would be a number. */
const idBytes = /^(?:0x(?:[\da-f]{2})+|[\da-f]{2}(?::[\da-f]{2})+|(?=\d*[a-f])(?:[\da-f]{2})+)$/i;

/** A number, as existing deployments have it, or bytes in hexadecimal, which come out without prefix and colons. */
const keyId = (description: string): z.ZodPreprocess<z.ZodUnion<readonly [z.ZodInt, z.ZodString]>> =>
  z
    .preprocess(
      (value) => {
        const written = String(value).trim();
        if (/^\d+$/.test(written) && Number.isSafeInteger(Number(written))) return Number(written);
        return idBytes.test(written) ? written.replace(/^0x/i, '').replaceAll(':', '').toLowerCase() : undefined;
      },
      z.union([z.int().min(0), z.string()], {
        error: 'must be a whole number, or the bytes that pkcs11-tool shows: 0xa1b2 or a1b2',
      }),
    )
    .meta({ description });

const fields = {
  pkcs11Provider: choice(
    'PKCS#11: a known module; others by `pkcs11LibraryPath`, which counts before this. Of `futurex` the library has no fixed place: give its path too.',
    ['yubihsm', 'opensc', 'futurex'],
  ).optional(),
  pkcs11LibraryPath: text('PKCS#11: the path of the module’s shared library.').optional(),
  pkcs11LibraryParameters: text(
    'PKCS#11: what the module is told when it is initialised; NSS needs it, most others do not.',
  ).optional(),
  pkcs11SlotTokenSerialNumber: text(
    'PKCS#11: the serial number of the token; not needed where the module has one token only.',
  ).optional(),
  pkcs11LoginUserType: choice(
    'PKCS#11: who logs in; `context_specific` logs in as user, and again before each use of the key.',
    ['user', 'so', 'context_specific'],
  ).default('user'),
  pkcs11LoginPin: secret('PKCS#11: the PIN.').optional(),
  pkcs11PrivateKeyLabel: text('PKCS#11: the label of the private key.').optional(),
  pkcs11PrivateKeyId: keyId(
    'PKCS#11: the id of the private key, instead of its label: a number, or its bytes as pkcs11-tool shows them (`0xa1b2`, `a1b2`). Digits alone are a number.',
  ).optional(),
};

/** A key that stays in an HSM or smart card behind a PKCS#11 module. */
export const pkcs11 = defineKeyProvider({
  kind: 'pkcs11',
  fields,
  readsCertificate: true,
  choose: (rsaKey, report, certificate: CertificateSettings) => choosePkcs11(rsaKey, report, certificate),
  describe: ({ token }) => `PKCS#11 module ${token.library}`,
  open: async (settings, options) => (await import('./open-key.js')).openPkcs11(settings, options),
});

const knownLibraries = {
  yubihsm: '/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so',
  opensc: '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
} as const;

type Pkcs11Fields = Values<typeof fields>;

function choosePkcs11(
  rsaKey: Pkcs11Fields,
  report: Report,
  certificate: CertificateSettings,
): Pkcs11Settings | undefined {
  const library = libraryOf(rsaKey, report);
  const hasKey = rsaKey.pkcs11PrivateKeyLabel !== undefined || rsaKey.pkcs11PrivateKeyId !== undefined;
  if (!hasKey)
    report(
      ['rsaKey', 'pkcs11PrivateKeyLabel'],
      'is required: the label of the private key, or its id in rsaKey__pkcs11PrivateKeyId',
    );
  const usesCertificate = isGiven(certificate);
  const source = usesCertificate ? chooseCertificateSource(certificate, report) : undefined;
  if (library === undefined || !hasKey || (usesCertificate && source === undefined)) return undefined;
  return {
    token: {
      library,
      libraryParameters: rsaKey.pkcs11LibraryParameters,
      serialNumber: rsaKey.pkcs11SlotTokenSerialNumber,
      loginAs: rsaKey.pkcs11LoginUserType,
      pin: rsaKey.pkcs11LoginPin,
      keyLabel: rsaKey.pkcs11PrivateKeyLabel,
      keyId: rsaKey.pkcs11PrivateKeyId,
    },
    certificate: source,
  };
}

function libraryOf({ pkcs11LibraryPath, pkcs11Provider }: Pkcs11Fields, report: Report): string | undefined {
  if (pkcs11LibraryPath !== undefined) return pkcs11LibraryPath;
  if (pkcs11Provider === 'futurex') {
    const why =
      'its client library, libfxpkcs11.so, has no fixed place: give the path that you installed or mounted it at';
    report(['rsaKey', 'pkcs11LibraryPath'], `is required with futurex: ${why}`);
    return undefined;
  }
  if (pkcs11Provider !== undefined) return knownLibraries[pkcs11Provider];
  report(
    ['rsaKey', 'pkcs11LibraryPath'],
    'is required: the PKCS#11 module, or set rsaKey__pkcs11Provider to yubihsm or opensc',
  );
  return undefined;
}

/** Whether any of `certificate__*` is set. */
function isGiven(certificate: CertificateSettings): boolean {
  const defaults = certificateSettingsSchema.parse({});
  return (Object.keys(certificate) as (keyof CertificateSettings)[]).some(
    (name) => certificate[name] !== defaults[name],
  );
}
