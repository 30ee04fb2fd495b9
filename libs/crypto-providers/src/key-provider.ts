import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { KEY_PROVIDER_SETTINGS } from './crypto-providers.module-definition.js';
import { messageOf } from '@key-connector/common';
import { DeadlineKeyEncryptionKey, withinDeadline } from './contract/deadline.js';
import type { KeyEncryptionKey } from './contract/key-encryption-key.js';
import { ReplaceableKey } from './contract/replaceable-key.js';
import { describeKeyProvider, type KeyProviderSettings, openKeyEncryptionKey } from './key-provider.settings.js';

/** What was known of the key when it was opened. */
type Found = Parameters<typeof openKeyEncryptionKey>[1];

/**
 * Opens the deployment's key-encryption key, once, and closes it when the service has answered its last request.
 *
 * @example
 * const key = await keyProvider.open(recorded.map(({ keyReference }) => keyReference));
 */
@Injectable()
export class KeyProvider implements OnApplicationShutdown {
  /** Names the provider and where it finds its key; no secret in it. */
  readonly description: string;
  private readonly logger = new Logger(KeyProvider.name);
  private opened: Promise<KeyEncryptionKey> | undefined;
  private key: ReplaceableKey | undefined;
  private found: Found = { recordedKeyReferences: [] };
  private stopped = false;

  constructor(@Inject(KEY_PROVIDER_SETTINGS) private settings: KeyProviderSettings) {
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
    const found = { recordedKeyReferences: recorded, classicWrapping: classic };
    this.opened ??= openKeyEncryptionKey(this.settings, found).then(
      (key) => this.keep(new DeadlineKeyEncryptionKey(key, this.settings.timeoutSeconds), found),
      (error: unknown) => {
        this.opened = undefined;
        throw error;
      },
    );
    return withinDeadline(this.opened, this.settings.timeoutSeconds, this.description);
  }

  /**
   * Opens the same key anew, by other credentials or another copy of its file, and goes on with it: whoever holds the
   * key that `open` gave has it then. Before there is one, only the next `open` is told.
   *
   * @throws KeyConnectorError and goes on with what is in use, where it does not open, is another key, or cannot be
   * used.
   */
  async replaceCredentials(settings: KeyProviderSettings): Promise<void> {
    const { key, found } = this;
    if (key !== undefined) {
      const opening = openKeyEncryptionKey(settings, found);
      const discard = (late: KeyEncryptionKey): void => void late.close().catch(() => undefined);
      const next = await withinDeadline(opening, settings.timeoutSeconds, describeKeyProvider(settings), discard);
      await key.replaceBy(new DeadlineKeyEncryptionKey(next, settings.timeoutSeconds));
    }
    this.settings = settings;
  }

  /** Waits for no key that is still being opened: it may never come, and is closed should it come in time. */
  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.close();
  }

  private async keep(opened: KeyEncryptionKey, found: Found): Promise<KeyEncryptionKey> {
    const key = new ReplaceableKey(opened);
    this.key = key;
    this.found = found;
    if (this.stopped) await this.close();
    return key;
  }

  /** The service ends, whatever comes of it. */
  private async close(): Promise<void> {
    const { key } = this;
    this.key = undefined;
    await key?.close().catch((error: unknown) => {
      this.logger.warn({ msg: 'the key was not closed', reason: messageOf(error) });
    });
  }
}
