import { messageOf, type UserId } from '@key-connector/common';
import type { RingFence, StoredUserKey } from '@key-connector/database';
import { Injectable, Logger } from '@nestjs/common';
import { FirstDataKey } from './data-keys/first-data-key.js';
import type { RingRows } from './data-keys/data-keys.js';
import { requireListed, wrappingOf } from './data-keys/data-keys.js';
import { wholeLook } from './data-keys/whole-look.js';
import { wrappedKeyOf } from './data-keys/wrappings.js';
import type { HeldRing } from './held-ring.js';
import { NotReady, RingUnusable } from './key-ring.errors.js';
import { ProviderCheck, type ProviderState } from './provider-check.js';
import { RingGauges } from './ring-gauges.js';
import { RingStart } from './ring-start.js';
import { RingWatch } from './ring-watch.js';
import { StoredKeysCheck } from './stored-keys-check.js';
import { OpeningFailure } from './values/opening-failure.js';
import { OpeningFailures } from './values/opening-failures.js';
import { ValuesLook } from './values-look.js';

/** What the service prints about its ring when it is ready. */
export interface KeyRingSummary {
  /**
   * Whether this process made the ring, or found it; the first start of a deployment says `made`, and no other one may.
   */
  readonly ring: 'made' | 'found';
  /** The fingerprint of the ring's identity: what `keyRing__identity` is set to. */
  readonly ringIdentity: string;
  readonly manifestVersion: number;
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

/**
 * Seals and opens members' keys with the data keys, which it holds in memory: no request asks the key provider.
 *
 * @example
 * await keyRing.load();
 * const { fence, seal } = keyRing.sealer();
 * const opened = await keyRing.open(row); // wipe it: opened.fill(0)
 */
@Injectable()
export class KeyRing {
  private readonly logger = new Logger(KeyRing.name);
  private lookingFor: Promise<void> | undefined;

  constructor(
    private readonly start: RingStart,
    private readonly watch: RingWatch,
    private readonly storedKeys: StoredKeysCheck,
    private readonly first: FirstDataKey,
    private readonly failures: OpeningFailures,
    private readonly providerCheck: ProviderCheck,
    private readonly gauges: RingGauges,
    private readonly values: ValuesLook,
  ) {}

  /** Whether `open` can work. */
  get loaded(): boolean {
    return this.watch.current !== undefined;
  }

  /**
   * Loads the ring, or makes it; a step of the boot. It takes as long however many members there are. From then on it
   * follows the ring's manifest, which says what data keys there are.
   *
   * @throws UnavailableError when it is worth another try; RingRefused, DataKeyLost, DataKeyUnreadable and
   * ValueLayoutRefused are fatal and leave the database as it was.
   */
  loadToOpen(): Promise<void> {
    return this.begin(() => Promise.resolve());
  }

  /**
   * The same once every stored value was looked at: for who wants to seal at once, and does not mind the time.
   *
   * @throws as {@link loadToOpen} and {@link lookAtValues}; nothing is loaded then.
   */
  load(): Promise<void> {
    return this.begin((started) => this.values.run(started));
  }

  /**
   * Looks at every stored value for one that the ring has not the data key of, and opens the newest; reads whole
   * tables. Without a pin nothing is sealed before.
   *
   * @throws RingRefused and DataKeyUnreadable, fatal, as if the start had been refused; an UnavailableError when it is
   * worth another try.
   */
  async lookAtValues(): Promise<void> {
    try {
      await this.values.run(this.current());
    } catch (error) {
      // A newer manifest is there.
      if (error instanceof RingUnusable) await this.watch.refresh();
      throw error;
    }
  }

  /** How the key provider did when it was last asked, in the background: no request needs it. */
  providerState(): ProviderState {
    return this.providerCheck.state();
  }

  /** Throws NotReady before `load` is done: until then nobody can tell a key that is not there from one that is. */
  requireLoaded(): void {
    this.current();
  }

  /** Resolves once values can be sealed; throws NotReady, or RingUnusable when that takes seconds. */
  async untilSealing(): Promise<void> {
    this.requireLoaded();
    await this.values.untilSealing();
  }

  /**
   * The ring as it is now, for what is written in one statement: one manifest, its active data key, and what the
   * statement names.
   *
   * @throws NotReady before `load` is done; RingUnusable while nothing may be written.
   */
  sealer(): Sealer {
    this.requireLoaded();
    this.values.requireSealing();
    return this.watch.sealer();
  }

  /**
   * The row of a member's key (32 bytes, or what an import brings), sealed as by {@link sealer}; the bytes stay the
   * caller's.
   */
  seal(id: UserId, key: Uint8Array): StoredUserKey {
    return this.sealer().seal(id, key);
  }

  /**
   * Looks for a newer manifest at once: a fence has refused a write. One look is shared by all who wait.
   *
   * @throws an UnavailableError when the database is away.
   */
  async refresh(): Promise<void> {
    this.requireLoaded();
    await this.watch.refresh();
  }

  /**
   * Decrypts a member's row; the caller wipes the result.
   *
   * @throws UserKeyUnreadable whatever is wrong with the row, counted and logged with its reason; NotReady before
   * `load` is done; RingUnusable where a newer manifest opens it, once that can be used; another UnavailableError where
   * the row names an unknown data key and it cannot be looked for.
   */
  async open(stored: StoredUserKey): Promise<Buffer> {
    try {
      return this.current().ring.open(stored);
    } catch (error) {
      if (error instanceof OpeningFailure && mayBeNewer(error, stored)) return this.openRefreshed(stored);
      throw this.failures.report(stored.id, error);
    }
  }

  /**
   * The same with what is in memory, for who opens every value there is: made-up data keys must not have it look for
   * each.
   *
   * @throws UserKeyUnreadable, NotReady.
   */
  openAtOnce(stored: StoredUserKey): Buffer {
    const { ring } = this.current();
    try {
      return ring.open(stored);
    } catch (error) {
      throw this.failures.report(stored.id, error);
    }
  }

  /** The ring, the active data key, the layout that is written, and the key-encryption key, for people. */
  summary(): KeyRingSummary {
    const { held, ring, kek } = this.current();
    return {
      ring: this.first.made === held.identity.fingerprint ? 'made' : 'found',
      ringIdentity: held.identity.fingerprint,
      manifestVersion: held.version,
      activeDataKeyId: ring.active.id,
      layout: ring.layout,
      keyEncryptionKey: `${kek.description} (${kek.id})`,
    };
  }

  private async begin(before: (started: HeldRing) => Promise<void>): Promise<void> {
    if (this.loaded) return;
    const { rows, ...started } = await wholeLook(async () => {
      const found = await this.start.run();
      await before(found);
      return found;
    });
    await this.watch.watch(started, (held, read) => {
      // The database may be away at that very moment: what is told of a manifest must not end the process.
      this.changed(held, read).catch((error: unknown) => {
        this.logger.warn({
          msg: 'what the new manifest means for this replica is not known yet',
          why: messageOf(error),
        });
      });
    });
    await this.changed(started, rows);
    await this.storedKeys.begin(rows, () => this.watch.current);
  }

  /** The value names a data key that may have come after the last look. */
  private async openRefreshed(stored: StoredUserKey): Promise<Buffer> {
    this.lookingFor ??= this.lookAround().finally(() => {
      this.lookingFor = undefined;
    });
    await this.lookingFor;
    try {
      return this.current().ring.open(stored);
    } catch (error) {
      if (error instanceof OpeningFailure && this.watch.opensLater(error))
        throw new RingUnusable(`The stored key cannot be opened yet: ${this.watch.blocked ?? 'ask again.'}`);
      throw this.failures.report(stored.id, error);
    }
  }

  /** Such a value may be the first sign of rows that do not belong there. */
  private async lookAround(): Promise<void> {
    await this.watch.refreshCooled();
    await this.storedKeys.run(this.current());
  }

  private async changed({ held, ring, kek }: HeldRing, rows: RingRows): Promise<void> {
    await this.gauges.hold(held);
    // A key-encryption key that was taken out of the ring while this replica ran goes on being checked as it was.
    if (!held.manifest.keks.some(({ id }) => id === kek.id)) return;
    const wrapped = wrappedKeyOf(requireListed(held.manifest, kek), wrappingOf(ring.active.id, kek, rows));
    this.providerCheck.watch(kek, { wrapped, secret: ring.active.secret });
  }

  private current(): HeldRing {
    const { current } = this.watch;
    if (current === undefined) throw new NotReady();
    return current;
  }
}

/**
 * Whether a value may have been written under a manifest that this replica has not seen yet: by a newer data key, or in
 * the classic layout by one that has gone back to it.
 */
const mayBeNewer = ({ reason }: OpeningFailure, { dataKeyId }: StoredUserKey): boolean =>
  reason === 'unknown_data_key' || (reason === 'classic_where_bound_expected' && dataKeyId === null);
