import {
  type CertificateSettings,
  certificateSettingsSchema,
  type CertificateSource,
  chooseCertificateSource,
} from '../../certificate-sources/certificate.settings.js';
import type { RsaKeySettings } from '../../rsa-key.settings.js';
import type { Report } from '../../contract/required-settings.js';
import type { TokenSettings } from './token.protocol.js';

/** What a key behind a PKCS#11 module needs. */
export interface Pkcs11Settings {
  readonly token: TokenSettings;
  /** Where the public half is; without one, the token's own is used. */
  readonly certificate?: CertificateSource | undefined;
}

const knownLibraries = {
  yubihsm: '/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so',
  opensc: '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
} as const;

/** The settings of the key out of `rsaKey__*` and `certificate__*`; what is missing is reported. */
export function choosePkcs11(
  { rsaKey, certificate }: { readonly rsaKey: RsaKeySettings; readonly certificate: CertificateSettings },
  report: Report,
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

function libraryOf({ pkcs11LibraryPath, pkcs11Provider }: RsaKeySettings, report: Report): string | undefined {
  if (pkcs11LibraryPath !== undefined) return pkcs11LibraryPath;
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
