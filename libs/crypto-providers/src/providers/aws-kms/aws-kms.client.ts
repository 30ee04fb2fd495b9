import http from 'node:http';
import https from 'node:https';
import { KMSClient } from '@aws-sdk/client-kms';
import type { KeyProviderSettings } from '../../key-provider.settings.js';

/**
 * A client of AWS KMS. Node's global agents carry its requests, those of its credential providers too: they know the
 * proxies and the certificate authorities of this process, the agents that the SDK would make do not.
 */
export function awsKmsClient({
  region,
  endpoint,
  accessKey,
  timeoutSeconds,
}: KeyProviderSettings<'awskms'>): KMSClient {
  // Two tries with the pause between them end by themselves before the time is up, also when nobody answers.
  const timeout = timeoutSeconds * 400;
  return new KMSClient({
    region,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: Math.min(timeout, 3_000),
      requestTimeout: timeout,
      throwOnRequestTimeout: true,
      httpAgent: http.globalAgent,
      httpsAgent: https.globalAgent,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKey === undefined ? {} : { credentials: accessKey }),
  });
}
