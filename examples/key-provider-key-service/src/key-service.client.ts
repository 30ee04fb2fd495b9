import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { z } from 'zod';
import { DeclaredError } from './declared-error.js';
import { KEY_SERVICE_OPTIONS, type KeyServiceOptions } from './key-service-options.js';

const versionSchema = z.object({ version: z.int().min(1), publicKey: z.string() });
const plaintextSchema = z.object({ plaintext: z.base64() });

/** One version of a key, as the key service tells of it. */
export type KeyVersion = z.output<typeof versionSchema>;

/** The key service's two calls; every failure is a DeclaredError. */
@Injectable()
export class KeyServiceClient implements OnModuleDestroy {
  private readonly closing = new AbortController();

  constructor(@Inject(KEY_SERVICE_OPTIONS) private readonly options: KeyServiceOptions) {}

  /** The public half of a version of the key; `latest` for the newest. */
  async version(version: number | 'latest'): Promise<KeyVersion> {
    const response = await this.request(`versions/${version}`, {});
    if (!response.ok) throw this.misconfigured(`${response.status} for version ${version}`);
    return this.read(response, versionSchema);
  }

  /** Decrypts with a version of the key. */
  async decrypt(version: number, algorithm: string, ciphertext: Uint8Array): Promise<Uint8Array> {
    const response = await this.request(`versions/${version}/decrypt`, {
      method: 'POST',
      body: JSON.stringify({ algorithm, ciphertext: Buffer.from(ciphertext).toString('base64') }),
    });
    if (response.status === 400) throw new DeclaredError('DATA_KEY_UNREADABLE', 'the key service does not decrypt it');
    if (!response.ok) throw this.misconfigured(`${response.status} for version ${version}`);
    return Buffer.from((await this.read(response, plaintextSchema)).plaintext, 'base64');
  }

  onModuleDestroy(): void {
    this.closing.abort();
  }

  private async request(path: string, init: RequestInit): Promise<Response> {
    const { url, key, token, timeoutSeconds } = this.options;
    const response = await fetch(new URL(`/v1/keys/${key}/${path}`, url), {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.any([AbortSignal.timeout(timeoutSeconds * 1000), this.closing.signal]),
      // A redirect could carry the token elsewhere.
      redirect: 'error',
    }).catch(() => {
      throw new DeclaredError('KEY_PROVIDER_UNAVAILABLE', `${url} does not answer`);
    });
    if (response.status >= 500) {
      throw new DeclaredError('KEY_PROVIDER_UNAVAILABLE', `${url} answers ${response.status}`);
    }
    return response;
  }

  private async read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
    const body = schema.safeParse(await response.json().catch(() => undefined));
    if (!body.success) throw this.misconfigured('something that is no answer of a key service');
    return body.data;
  }

  private misconfigured(answer: string): DeclaredError {
    const { url, key } = this.options;
    return new DeclaredError('KEY_PROVIDER_MISCONFIGURED', `${url} answers ${answer} of key ${key}`);
  }
}
