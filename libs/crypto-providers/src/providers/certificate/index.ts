import {
  chooseCertificateSource,
  type CertificateSettings,
  describeCertificateSource,
} from '../../certificate-sources/certificate.settings.js';
import { defineKeyProvider } from '../../contract/key-provider-definition.js';

/** The RSA key of a certificate, which is read once and held in memory from then on. */
export const certificate = defineKeyProvider({
  kind: 'certificate',
  fields: {},
  readsCertificate: true,

  choose: (_, report, settings: CertificateSettings) => {
    const source = chooseCertificateSource(settings, report);
    return source && { source };
  },

  describe: ({ source }) => `certificate ${describeCertificateSource(source)}`,
  open: async ({ source }, options) => (await import('./open-key.js')).openCertificate(source, options),
});
