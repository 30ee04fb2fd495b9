import type { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import { KeyConnectorError } from '@key-connector/common';
import { nameOf, vaultAnswer } from '../clients/azure/vault.failure.js';
import { withinDeadline } from '../contract/deadline.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../contract/key-provider.errors.js';
import type { AzureStorageSourceSettings } from './azure-storage.source.settings.js';
import type { KeyFileSource, ReadOptions } from '../key-files/key-file.js';

/** A key file holds a key and a few certificates; anything larger is another kind of file. */
const maxBytes = 1024 * 1024;

/** Reads a key file out of a blob, within the deadline. */
export async function readFromAzureStorage(
  settings: AzureStorageSourceSettings,
  { timeoutSeconds }: ReadOptions,
): Promise<KeyFileSource> {
  const origin = `${settings.container}/${settings.blob} in Azure Storage`;
  return {
    origin,
    bytes: await withinDeadline(download(settings, origin, timeoutSeconds), timeoutSeconds, origin),
    password: settings.password,
    passwordSetting: 'certificate__azureStorageFilePassword',
  };
}

async function download(
  { connectionString, container, blob }: AzureStorageSourceSettings,
  origin: string,
  timeoutSeconds: number,
): Promise<Buffer> {
  try {
    const service = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
    const abortSignal = AbortSignal.timeout(timeoutSeconds * 1000);
    const { readableStreamBody } = await service
      .getContainerClient(container)
      .getBlobClient(blob)
      .download(0, undefined, { abortSignal, maxRetryRequests: 0 });
    return await collect(readableStreamBody as Readable, origin);
  } catch (error) {
    throw error instanceof KeyConnectorError ? error : failure(error, origin);
  }
}

async function collect(stream: Readable, origin: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > maxBytes) throw new KeyProviderMisconfigured(`The key file ${origin} is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  const file = Buffer.concat(chunks);
  for (const chunk of chunks) chunk.fill(0);
  return file;
}

/** Turns what the SDK has thrown into what an operator can act on; its message can quote the connection string. */
function failure(error: unknown, origin: string): KeyConnectorError {
  const answer = vaultAnswer(error);
  if (answer === undefined || answer.status === 0)
    return new KeyProviderUnavailable(
      `Azure Storage does not answer for ${origin} (${answer?.code ?? nameOf(error)}).`,
    );
  if (answer.status === 429 || answer.status >= 500)
    return new KeyProviderUnavailable(`Azure Storage answers ${answer.status} for ${origin}.`);
  const reason =
    answer.status === 404
      ? 'there is no such container or blob'
      : answer.status === 401 || answer.status === 403
        ? 'the account key or signature in certificate__azureStorageConnectionString does not permit it'
        : 'it refuses the request';
  return new KeyProviderMisconfigured(
    `Cannot read the key file ${origin}: ${reason} (${answer.status}${answer.code && ` ${answer.code}`}).`,
  );
}
