export { openGoogleCloudKms } from './google-cloud-kms.provider.js';
