import type { UserId } from '@key-connector/common';
import type { StoredUserKey } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import { DataKeysLoader } from './data-keys.loader.js';
import { NotReady } from './key-ring.errors.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { KnownValuesCheck } from './known-values.check.js';
import { OpeningFailure } from './opening-failure.js';
import { OpeningFailures } from './opening-failures.js';
import { ProviderCheck, type ProviderState } from './provider.check.js';
import { Ring } from './ring.js';
import { RingReload } from './ring.reload.js';
import { resolveLayout } from './value-layout.js';

/** What the service prints about its data keys when it is ready. */
export interface KeyRingSummary {
  readonly activeDataKeyId: number;
  readonly layout: string;
  readonly keyEncryptionKey: string;
}

/** Seals and opens users' keys with the data keys, which it holds in memory. */
@Injectable()
export class KeyRing {
  private ring: Ring | undefined;
  private keyEncryptionKey = '';

  constructor(
    private readonly loader: DataKeysLoader,
    private readonly knownValues: KnownValuesCheck,
    private readonly failures: OpeningFailures,
    private readonly reload: RingReload,
    private readonly providerCheck: ProviderCheck,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Whether `seal` and `open` can work. */
  get loaded(): boolean {
    return this.ring !== undefined;
  }

  /**
   * Loads the data keys, or creates the first one, and proves that they open what is stored; a step of the boot.
   *
   * Throws an UnavailableError when it is worth another try; DataKeyLost, DataKeyUnreadable and ValueLayoutRefused are
   * fatal and leave the database as it was.
   */
  async load(): Promise<void> {
    const { dataKeys, kek, activeWrapping } = await this.loader.load();
    const ring = new Ring(dataKeys, resolveLayout(this.settings.valueLayout, [...dataKeys.keys()]));
    await this.knownValues.run(ring);
    this.ring = ring;
    this.keyEncryptionKey = `${kek.description} (${kek.id})`;
    this.providerCheck.watch(kek, { wrapped: activeWrapping, secret: ring.active.secret });
  }

  /** How the key provider did when it was last asked, in the background: no request needs it. */
  providerState(): ProviderState {
    return this.providerCheck.state();
  }

  /** Throws NotReady before `load` is done: until then nobody can tell a key that is not there from one that is. */
  requireLoaded(): void {
    this.current();
  }

  /** Encrypts a user's key for the database, in the layout that the settings ask for. */
  seal(id: UserId, key: Uint8Array): StoredUserKey {
    return this.current().seal(id, key);
  }

  /** Decrypts a stored value; the caller wipes the result. Whatever is wrong with the value is a UserKeyUnreadable. */
  async open(stored: StoredUserKey): Promise<Buffer> {
    try {
      return this.current().open(stored);
    } catch (error) {
      if (error instanceof OpeningFailure && error.reason === 'unknown_data_key') return this.openReloaded(stored);
      throw this.failures.report(stored.id, error);
    }
  }

  /** The active data key, the layout that is written, and the key-encryption key, for people. */
  summary(): KeyRingSummary {
    const { active, layout } = this.current();
    return { activeDataKeyId: active.id, layout, keyEncryptionKey: this.keyEncryptionKey };
  }

  /** Another replica may have rotated: the value names a data key that is newer than what is in memory. */
  private async openReloaded(stored: StoredUserKey): Promise<Buffer> {
    this.ring = (await this.reload.run(this.current())) ?? this.current();
    try {
      return this.ring.open(stored);
    } catch (error) {
      throw this.failures.report(stored.id, error);
    }
  }

  private current(): Ring {
    if (this.ring === undefined) throw new NotReady();
    return this.ring;
  }
}
