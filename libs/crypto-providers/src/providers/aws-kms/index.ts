export { openAwsKms } from './aws-kms.provider.js';
