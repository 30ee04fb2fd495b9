import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { ProvidedKey } from 'key-connector/key-provider';
import { DeclaredError } from './declared-error.js';
import { KeyServiceClient } from './key-service.client.js';
import { KEY_SERVICE_OPTIONS, type KeyServiceOptions } from './key-service-options.js';
import { RemoteKey } from './remote-key.js';

/** Opens the key that the settings name. */
@Injectable()
export class RemoteKeys {
  constructor(
    @Inject(KEY_SERVICE_OPTIONS) private readonly options: KeyServiceOptions,
    private readonly client: KeyServiceClient,
  ) {}

  /** The version of the settings, or else the one that the database's wrappings name, or else the newest. */
  async open(recordedKeyReferences: readonly string[]): Promise<ProvidedKey> {
    const { url, key, version: wanted } = this.options;
    const prefix = `${new URL(url).host}/${key}/`;
    const recorded = recordedKeyReferences.find((reference) => reference.startsWith(prefix));
    const { version, publicKey } = await this.client.version(wanted ?? versionIn(recorded, prefix) ?? 'latest');
    const publicHalf = this.parsed(publicKey);
    const spki = publicHalf.export({ format: 'der', type: 'spki' });
    return new RemoteKey(this.client, {
      version,
      publicHalf,
      id: `sha256:${createHash('sha256').update(spki).digest('hex')}`,
      keyReference: `${prefix}${version}`,
      description: `version ${version} of key ${key} of ${url}`,
    });
  }

  private parsed(publicKey: string): KeyObject {
    try {
      return createPublicKey(publicKey);
    } catch {
      throw new DeclaredError('KEY_PROVIDER_MISCONFIGURED', `${this.options.url} gives a public key that is no PEM`);
    }
  }
}

function versionIn(reference: string | undefined, prefix: string): number | undefined {
  const version = Number(reference?.slice(prefix.length));
  return Number.isSafeInteger(version) ? version : undefined;
}
