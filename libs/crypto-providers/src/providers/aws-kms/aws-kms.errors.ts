import { KMSServiceException } from '@aws-sdk/client-kms';
import { withCaAdvice } from '@key-connector/common';
import { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from '../../contract/key-provider.errors.js';

/** What was asked of AWS KMS, for its errors. */
export interface AwsKmsRequest {
  /** The action as policies name it: `kms:Decrypt`. */
  readonly action: string;
  /** Id, ARN or alias of the key. */
  readonly key: string;
  readonly region: string;
  /** True: the settings give the access key. False: the default credential chain found it. */
  readonly ownCredentials: boolean;
}

/** An action is not permitted. What AWS says of it names principal, action and key, and no secret. */
export class AwsKmsForbidden extends KeyProviderMisconfigured {
  constructor({ action, key }: AwsKmsRequest, { message }: Error) {
    super(
      `AWS KMS does not permit ${action} on ${key}; allow it in the key policy or in an IAM policy. AWS says: ${message}`,
    );
  }
}

type Explain = (request: AwsKmsRequest, error: Error) => string;

const refusedCredentials: Explain = ({ action, ownCredentials }, { name }) =>
  `AWS refuses the credentials for ${action} (${name}): check ` +
  (ownCredentials
    ? 'rsaKey__awsAccessKeyId, rsaKey__awsAccessKeySecret and rsaKey__awsSessionToken.'
    : 'what the default credential chain finds, for no rsaKey__awsAccessKeyId is set.');

const unusable: Explain = ({ key, action }, { name, message }) =>
  `The AWS KMS key ${key} cannot be used for ${action}: ${message || name} (${name}).`;

const wrongKind: Explain = (request, error) =>
  `${unusable(request, error)} It must be for ENCRYPT_DECRYPT: an RSA key, or, where ` +
  'rsaKey__awsUseSymmetricEncryption is true, a symmetric one.';

/** What AWS itself says is passed on of keys only: of a signature it tells all that went into it. */
const misconfigured: Readonly<Record<string, Explain>> = {
  NotFoundException: ({ key, region }) =>
    `There is no AWS KMS key ${key} in ${region}, or it was deleted: check rsaKey__awsKeyId and rsaKey__awsRegion.`,
  InvalidArnException: ({ key }) => `rsaKey__awsKeyId: AWS KMS knows no such name of a key: ${key}.`,
  DisabledException: ({ key }) => `The AWS KMS key ${key} is disabled; enable it.`,
  KMSInvalidStateException: unusable,
  InvalidKeyUsageException: wrongKind,
  UnsupportedOperationException: wrongKind,
  ValidationException: unusable,
  UnrecognizedClientException: refusedCredentials,
  InvalidClientTokenId: refusedCredentials,
  InvalidSignatureException: refusedCredentials,
  SignatureDoesNotMatch: refusedCredentials,
  IncompleteSignatureException: refusedCredentials,
  MissingAuthenticationTokenException: refusedCredentials,
  /** STS' own: the role of a web identity. */
  AccessDenied: (_, { message }) => `AWS STS does not give this process the role it asks for: ${message}.`,
  OptInRequired: ({ region }) => `This AWS account is not subscribed to KMS in ${region}.`,
};

/** A chain fetches new credentials by itself; those of the settings stay expired. */
const expired = new Set(['ExpiredTokenException', 'ExpiredToken']);

/** Damaged and foreign wrappings. */
const notOpened = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

/** The error of ours that a failed call means; what is no failure of the call stays as it is. */
export function awsKmsErrorOf(error: unknown, request: AwsKmsRequest): unknown {
  if (!(error instanceof Error)) return error;
  if (notOpened.has(error.name)) return new UnwrapFailed();
  if (error.name === 'AccessDeniedException') return new AwsKmsForbidden(request, error);
  const explain = Object.hasOwn(misconfigured, error.name) ? misconfigured[error.name] : undefined;
  if (explain !== undefined) return new KeyProviderMisconfigured(explain(request, error));
  if (expired.has(error.name) && request.ownCredentials)
    return new KeyProviderMisconfigured(refusedCredentials(request, error));
  const cause = awayBecause(error);
  return cause === undefined
    ? error
    : new KeyProviderUnavailable(`AWS KMS in ${request.region} did not answer ${request.action}: ${cause}`);
}

/** Why the service, or what it takes to reach it, is away; `undefined` when the error tells of nothing like that. */
function awayBecause(error: Error): string | undefined {
  if (error.name === 'CredentialsProviderError' || error.name === 'TokenProviderError')
    return (
      'no credentials were found; set rsaKey__awsAccessKeyId and rsaKey__awsAccessKeySecret, ' +
      'or give the process a role.'
    );
  if (error.name === 'TimeoutError') return 'it took too long.';
  // Of Node's network: the SDK adds metadata to it as to an answer.
  if ('code' in error && !(error instanceof KMSServiceException))
    return `${withCaAdvice(error.message || String(error.code))}.`;
  if (error instanceof KMSServiceException || '$metadata' in error) return `${error.name}.`;
  // What was answered is no KMS answer: a proxy's page, say.
  return '$response' in error ? 'the answer is not one of AWS KMS.' : undefined;
}
