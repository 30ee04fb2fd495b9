export { openCertificate } from './certificate.provider.js';
