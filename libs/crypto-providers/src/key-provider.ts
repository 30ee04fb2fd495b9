import { Inject, Injectable } from '@nestjs/common';
import { KEY_PROVIDER_SETTINGS } from './crypto-providers.module-definition.js';
import { withinDeadline } from './deadline.js';
import type { KeyEncryptionKey } from './key-encryption-key.js';
import { describeKeyProvider, openKeyEncryptionKey } from './key-provider.registry.js';
import type { KeyProviderSettings } from './key-provider.settings.js';

/** Opens the deployment's key-encryption key, once. */
@Injectable()
export class KeyProvider {
  /** Names the provider and where it finds its key; no secret in it. */
  readonly description: string;
  private opened: Promise<KeyEncryptionKey> | undefined;

  constructor(@Inject(KEY_PROVIDER_SETTINGS) private readonly settings: KeyProviderSettings) {
    this.description = describeKeyProvider(settings);
  }

  /**
   * The key-encryption key; calls that arrive together share one attempt, and a failed attempt is not remembered. One
   * that hangs is: a file on a share that does not answer holds a thread, and another attempt would hold another one.
   *
   * @param recorded the key references of the wrappings in the database; where the settings name no version, they do.
   *
   * @param classic a classic deployment's wrapping that is about to be taken over; it names no version itself.
   *
   * Throws KeyProviderUnavailable (worth another try) or KeyProviderMisconfigured (fatal).
   */
  open(recorded: readonly string[] = [], classic?: Uint8Array): Promise<KeyEncryptionKey> {
    this.opened ??= openKeyEncryptionKey(this.settings, recorded, classic).catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return withinDeadline(this.opened, this.settings.timeoutSeconds, this.description);
  }
}
