import type { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import { KeyConnectorError, type Secret, withCaAdvice } from '@key-connector/common';
import { withinDeadline } from '../../contract/deadline.js';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import { azureAnswerOf, nameOf } from './azure.errors.js';

/** Where a blob is, and who asks for it. */
export interface BlobAccess {
  readonly connectionString: Secret;
  readonly container: string;
  readonly blob: string;
}

/** A key file holds a key and a few certificates; anything larger is another kind of file. */
const maxBytes = 1024 * 1024;

/**
 * Reads a blob of at most 1 MB, within the deadline; the caller wipes it.
 *
 * @param origin names the blob, for messages.
 *
 * Throws KeyProviderUnavailable or KeyProviderMisconfigured.
 */
export function downloadBlob(access: BlobAccess, origin: string, timeoutSeconds: number): Promise<Buffer> {
  return withinDeadline(download(access, origin, timeoutSeconds), timeoutSeconds, origin, (late) => late.fill(0));
}

async function download(
  { connectionString, container, blob }: BlobAccess,
  origin: string,
  timeoutSeconds: number,
): Promise<Buffer> {
  try {
    const service = BlobServiceClient.fromConnectionString(connectionString.reveal().trim(), {
      retryOptions: { maxTries: 1 },
    });
    const abortSignal = AbortSignal.timeout(timeoutSeconds * 1000);
    const { readableStreamBody } = await service
      .getContainerClient(container)
      .getBlobClient(blob)
      .download(0, undefined, { abortSignal, maxRetryRequests: 0 });
    return await collect(readableStreamBody as Readable, origin);
  } catch (error) {
    throw error instanceof KeyConnectorError ? error : storageErrorOf(error, origin);
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
function storageErrorOf(error: unknown, origin: string): KeyConnectorError {
  const answer = azureAnswerOf(error);
  if (answer === undefined || answer.status === 0)
    return new KeyProviderUnavailable(
      `${withCaAdvice(`Azure Storage does not answer for ${origin} (${answer?.code ?? nameOf(error)})`)}.`,
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
