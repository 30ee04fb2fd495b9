import type { RsaKeySettings } from '../../rsa-key.settings.js';
import { type Report, required } from '../../contract/required-settings.js';
import { keyVersionName } from './key-version.name.js';

/** Which key version in Google Cloud KMS, and how it is reached. */
export interface GoogleCloudKmsSettings {
  /** The full resource name: `projects/…/cryptoKeyVersions/1`. */
  readonly keyVersion: string;
  readonly endpoint?: string;
}

const missing = {
  googleCloudProjectId: 'the project of the key',
  googleCloudLocationId: 'the location of the key ring',
  googleCloudKeyringId: 'the key ring',
  googleCloudKeyId: 'the name of the key',
  googleCloudKeyVersionId: 'the number of the key version that wraps',
};

/** The settings of Google Cloud KMS out of `rsaKey__*`; what is missing is reported, and the answer is `undefined`. */
export function chooseGoogleCloudKms(rsaKey: RsaKeySettings, report: Report): GoogleCloudKmsSettings | undefined {
  const given = required('rsaKey', rsaKey, missing, report);
  if (given === undefined) return undefined;
  const keyVersion = keyVersionName({
    project: given.googleCloudProjectId,
    location: given.googleCloudLocationId,
    keyRing: given.googleCloudKeyringId,
    key: given.googleCloudKeyId,
    version: given.googleCloudKeyVersionId,
  });
  const endpoint = rsaKey.googleCloudEndpoint;
  return { keyVersion, ...(endpoint === undefined ? {} : { endpoint }) };
}
