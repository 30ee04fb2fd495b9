import { withCaAdvice } from '@key-connector/common';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';

/** What was asked of Google Cloud KMS, for its errors. */
export interface GoogleCloudKmsRequest {
  /** The permission that it takes: `cloudkms.cryptoKeyVersions.useToDecrypt`. */
  readonly permission: string;
  /** The resource name of the key version. */
  readonly keyVersion: string;
}

/** Status codes of gRPC, https://grpc.io/docs/guides/status-codes/. */
const status = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unauthenticated: 16,
} as const;

/** Which role a permission is usually given by. */
const roles: Readonly<Record<string, string>> = {
  'cloudkms.cryptoKeyVersions.useToDecrypt': 'roles/cloudkms.cryptoKeyDecrypter',
  'cloudkms.cryptoKeyVersions.viewPublicKey': 'roles/cloudkms.publicKeyViewer',
};

/** How `@grpc/grpc-js` begins when there was no access token to send. */
const noToken = 'Getting metadata from plugin failed';

/** The error of ours that a failed call means; what is no failure of the call stays as it is. */
export function googleCloudKmsErrorOf(error: unknown, request: GoogleCloudKmsRequest): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? error.code : undefined;
  const says = 'details' in error && typeof error.details === 'string' ? error.details : error.message;
  if (says.startsWith(noToken)) return unavailable('there is no access token for it; check the credentials', says);
  if (typeof code !== 'number') return credentialsErrorOf(error);
  const misconfigured = explain(code, says, request);
  if (misconfigured !== undefined) return new KeyProviderMisconfigured(misconfigured);
  return code === status.deadlineExceeded ? unavailable('it took too long', says) : unavailable(`code ${code}`, says);
}

/** The error of a failed decryption: there an invalid argument is a ciphertext that does not open. */
export function decryptionErrorOf(error: unknown, request: GoogleCloudKmsRequest): unknown {
  const invalid = error instanceof Error && 'code' in error && error.code === status.invalidArgument;
  return invalid ? new UnwrapFailed() : googleCloudKmsErrorOf(error, request);
}

function explain(code: number, says: string, { permission, keyVersion }: GoogleCloudKmsRequest): string | undefined {
  switch (code) {
    case status.permissionDenied:
      return (
        `Google Cloud KMS does not permit ${permission} on ${keyVersion}, or there is no such key version; ` +
        `grant ${roles[permission] ?? 'a role with it'} on the key. Google says: ${says}`
      );
    case status.notFound:
      return `There is no key version ${keyVersion} in Google Cloud KMS: check rsaKey__googleCloud*.`;
    case status.failedPrecondition:
    case status.invalidArgument:
      return `The key version ${keyVersion} in Google Cloud KMS cannot be used: ${says}`;
    case status.unauthenticated:
      return `Google refuses the credentials for ${permission} on ${keyVersion}: ${says}`;
    default:
      return undefined;
  }
}

/** Before the call there are only the application default credentials that can fail. */
function credentialsErrorOf(error: Error): unknown {
  const ofCredentials = /credential|token|metadata|ENOENT|key ?file|external.account/i.test(error.message);
  return ofCredentials ? unavailable('there are no credentials for it', error.message) : error;
}

function unavailable(why: string, says: string): KeyProviderUnavailable {
  return new KeyProviderUnavailable(`Google Cloud KMS did not answer: ${why}. (${withCaAdvice(says)})`);
}
