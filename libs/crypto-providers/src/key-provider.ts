import { Inject, Injectable } from '@nestjs/common';
import { MODULE_OPTIONS_TOKEN } from './crypto-providers.module-definition.js';
import type { KeyEncryptionKey } from './key-encryption-key.js';
import { describeKeyProvider, openKeyEncryptionKey } from './key-provider.registry.js';
import type { KeyProviderSettings } from './key-provider.settings.js';

/** Opens the deployment's key-encryption key, once. */
@Injectable()
export class KeyProvider {
  /** Names the provider and where it finds its key; no secret in it. */
  readonly description: string;
  private opened: Promise<KeyEncryptionKey> | undefined;

  constructor(@Inject(MODULE_OPTIONS_TOKEN) private readonly settings: KeyProviderSettings) {
    this.description = describeKeyProvider(settings);
  }

  /**
   * The key-encryption key; calls that arrive together share one attempt, and a failed attempt is not remembered.
   *
   * Throws KeyProviderUnavailable (worth another try) or KeyProviderMisconfigured (fatal).
   */
  open(): Promise<KeyEncryptionKey> {
    this.opened ??= openKeyEncryptionKey(this.settings).catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }
}
