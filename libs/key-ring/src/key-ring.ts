import type { UserId } from '@key-connector/common';
import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Database, type RingFence, type StoredUserKey } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import { DataKeys } from './data-keys/data-keys.js';
import { KnownValues } from './data-keys/known-values.js';
import { NotReady } from './key-ring.errors.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { ProviderCheck, type ProviderState } from './provider-check.js';
import { RingReload } from './ring-reload.js';
import { OpeningFailure } from './values/opening-failure.js';
import { OpeningFailures } from './values/opening-failures.js';
import { Ring } from './values/ring.js';
import { resolveLayout } from './values/value-layout.js';

/** What the service prints about its data keys when it is ready. */
export interface KeyRingSummary {
  /** The data key that new values are sealed under. */
  readonly activeDataKeyId: number;
  /** `classic`, `bound` or `boundOnly`: how values are written, and which are read. */
  readonly layout: string;
  /** Description and fingerprint of the key-encryption key. */
  readonly keyEncryptionKey: string;
}

/** Seals values under one manifest of the ring, and the fence that is sent with them. */
export interface Sealer {
  readonly fence: RingFence;
  /** Encrypts a member's key (32 bytes, or what an import brings); the bytes stay the caller's, to wipe. */
  seal(id: UserId, key: Uint8Array): StoredUserKey;
}

/** A ring, and the key-encryption key that opened its data keys. */
interface Loaded {
  readonly ring: Ring;
  readonly kek: KeyEncryptionKey;
}

/**
 * Seals and opens members' keys with the data keys, which it holds in memory: no request asks the key provider.
 *
 * @example
 * await keyRing.load();
 * const row = keyRing.seal(userId, key);
 * const opened = await keyRing.open(row); // wipe it: opened.fill(0)
 */
@Injectable()
export class KeyRing {
  private now: Loaded | undefined;

  constructor(
    private readonly database: Database,
    private readonly dataKeys: DataKeys,
    private readonly knownValues: KnownValues,
    private readonly failures: OpeningFailures,
    private readonly reload: RingReload,
    private readonly providerCheck: ProviderCheck,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Whether `seal` and `open` can work. */
  get loaded(): boolean {
    return this.now !== undefined;
  }

  /**
   * Loads the data keys, or creates the first one, and proves that they open what is stored; a step of the boot. Once it has
   * succeeded, it does nothing: what is in memory is not exchanged.
   *
   * @throws UnavailableError when it is worth another try; DataKeyLost, DataKeyUnreadable and ValueLayoutRefused are fatal
   * and leave the database as it was.
   */
  async load(): Promise<void> {
    if (this.now !== undefined) return;
    const { dataKeys, kek, newestWrapping } = await this.dataKeys.load();
    const loaded = Ring.withNewest(dataKeys, resolveLayout(this.settings.valueLayout, [...dataKeys.keys()]));
    const ring = await this.database.snapshot((manager) => this.knownValues.check(loaded, manager));
    this.now = { ring, kek };
    this.providerCheck.watch(kek, { wrapped: newestWrapping, secret: ring.active.secret });
  }

  /** How the key provider did when it was last asked, in the background: no request needs it. */
  providerState(): ProviderState {
    return this.providerCheck.state();
  }

  /** Throws NotReady before `load` is done: until then nobody can tell a key that is not there from one that is. */
  requireLoaded(): void {
    this.current();
  }

  /**
   * Encrypts a member's key (32 bytes, or what an import brings) for the database, in the layout that was decided at the
   * start. The bytes stay the caller's, to wipe.
   *
   * @throws NotReady before `load` is done.
   */
  seal(id: UserId, key: Uint8Array): StoredUserKey {
    return this.current().ring.seal(id, key);
  }

  /**
   * The ring as it is now, for what is written in one statement.
   *
   * @throws NotReady before `load` is done; an UnavailableError while nothing may be written.
   */
  sealer(): Sealer {
    const { ring } = this.current();
    return { fence: { version: 0, signature: '', passedOver: [] }, seal: (id, key) => ring.seal(id, key) };
  }

  /**
   * Looks for a newer manifest at once: a fence has refused a write. One look is shared by all who wait.
   *
   * @throws an UnavailableError when database or provider are away.
   */
  async refresh(): Promise<void> {
    const { ring, kek } = this.current();
    await this.reload.run(ring, kek);
  }

  /**
   * Decrypts a member's row; the caller wipes the result.
   *
   * @throws UserKeyUnreadable whatever is wrong with the row, counted and logged with its reason; NotReady before `load` is
   * done; another UnavailableError where the row names an unknown data key and it cannot be looked for.
   */
  async open(stored: StoredUserKey): Promise<Buffer> {
    try {
      return this.current().ring.open(stored);
    } catch (error) {
      if (error instanceof OpeningFailure && error.reason === 'unknown_data_key') return this.openReloaded(stored);
      throw this.failures.report(stored.id, error);
    }
  }

  /** The active data key, the layout that is written, and the key-encryption key, for people. */
  summary(): KeyRingSummary {
    const { ring, kek } = this.current();
    const { active, layout } = ring;
    return { activeDataKeyId: active.id, layout, keyEncryptionKey: `${kek.description} (${kek.id})` };
  }

  /** The value names a data key that may have been added after this replica started. */
  private async openReloaded(stored: StoredUserKey): Promise<Buffer> {
    const { ring, kek } = this.current();
    const reloaded = await this.reload.run(ring, kek);
    // Another look may have ended meanwhile: the ring that knows more stays.
    if (reloaded.dataKeys.size > this.current().ring.dataKeys.size) this.now = { ring: reloaded, kek };
    try {
      return reloaded.open(stored);
    } catch (error) {
      throw this.failures.report(stored.id, error);
    }
  }

  private current(): Loaded {
    if (this.now === undefined) throw new NotReady();
    return this.now;
  }
}
