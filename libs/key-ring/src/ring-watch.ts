import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UnavailableError } from '@key-connector/common';
import { Database, type RingFence } from '@key-connector/database';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { DataKeys, openIn, type RingRows } from './data-keys/data-keys.js';
import type { HeldRing } from './held-ring.js';
import { RingUnusable } from './key-ring.errors.js';
import { KEY_RING_SETTINGS } from './key-ring.module-definition.js';
import type { KeyRingSettings } from './key-ring.settings.js';
import { fenceOf } from './manifest/ring-fence.js';
import { type Followed, RingLoader } from './manifest/ring-loader.js';
import type { HeldManifest, ManifestObstacle } from './manifest/succession.js';
import { RingAlarms, type RingRefusal } from './ring-alarms.js';
import { classicDataKeyId } from './values/data-key.js';
import type { OpeningFailure } from './values/opening-failure.js';
import type { Ring } from './values/ring.js';
import { atLeast } from './values/value-layout.js';

/** Values with made-up data keys cost at most one look in this time, in milliseconds. */
const cooldown = 1_000;

/**
 * The first pause before another look at what may pass by itself, doubled each time up to the second one; in
 * milliseconds.
 */
const [firstPause, longestPause] = [250, 15_000];

/** What one look finds, and the rows of the manifest that it leads to where that is a new one. */
interface Seen {
  readonly followed: Followed;
  readonly rows: RingRows | undefined;
}

/** Why nothing may be written. */
interface Blocked {
  readonly reason: RingRefusal;
  readonly why: string;
  /** Whether only something was away that a manifest needs, such as the key provider. */
  readonly passing?: boolean;
}

/** What a replica holds at one moment. Never changes: each look makes another one. */
interface Watched extends HeldRing {
  /** The last authentic manifest: `held`, unless that one cannot be used here. */
  readonly last: HeldManifest;
  /** What statements name; or why there can be none. */
  readonly fence: RingFence | Blocked;
}

/**
 * Follows the ring's manifest while serving. The one rule: what is not authentic is passed over; what is authentic, and
 * cannot be used here, stops writes until it can, while reads go on with what is in memory.
 */
@Injectable()
export class RingWatch implements BeforeApplicationShutdown {
  private readonly logger = new Logger('KeyRing');
  private now: Watched | undefined;
  private running: Promise<void> = Promise.resolve();
  private waiting: Promise<void> | undefined;
  private cooled: Promise<void> | undefined;
  private notBefore = 0;
  private timer: NodeJS.Timeout | undefined;
  /** Until the next look, where it shall come soon. */
  private pause: number | undefined;
  private stopped = false;
  private onChange: (held: HeldRing, rows: RingRows) => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly loader: RingLoader,
    private readonly dataKeys: DataKeys,
    private readonly alarms: RingAlarms,
    @Inject(KEY_RING_SETTINGS) private readonly settings: KeyRingSettings,
  ) {}

  /** Begins with what a start has opened; `changed` is told of each manifest that takes its place. */
  async watch({ held, ring, kek }: HeldRing, changed: (held: HeldRing, rows: RingRows) => void): Promise<void> {
    this.now = { held, ring, kek, last: held, fence: { reason: 'manifest_unusable', why: 'Not looked at yet.' } };
    this.onChange = changed;
    await this.look();
    this.schedule();
  }

  /** Whether what does not open is for the last authentic manifest to open, which cannot be used here yet. */
  opensLater({ reason, dataKeyId }: OpeningFailure): boolean {
    const { held, last } = this.required();
    if (last === held) return false;
    if (reason === 'classic_where_bound_expected') return last.manifest.layout === 'classic';
    return reason === 'unknown_data_key' && openIn(last.manifest).some(({ id }) => id === dataKeyId);
  }

  /** The ring that values are read with; `undefined` before there is one. */
  get current(): HeldRing | undefined {
    return this.now;
  }

  /** Why nothing may be written; `undefined` while it may. */
  get blocked(): string | undefined {
    const fence = this.now?.fence;
    return fence !== undefined && 'why' in fence ? fence.why : undefined;
  }

  /** Ring and fence of one moment. Throws RingUnusable while nothing may be written. */
  sealer(): { readonly fence: RingFence; readonly seal: Ring['seal'] } {
    const { fence, ring } = this.required();
    if ('why' in fence) throw new RingUnusable(`Nothing is written: ${fence.why}`);
    return { fence, seal: (id, key) => ring.seal(id, key) };
  }

  /** A look that begins now, or once the one that runs has ended; shared by all who wait for it. */
  refresh(): Promise<void> {
    this.waiting ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.waiting = undefined;
        this.running = this.look().finally(() => {
          this.schedule();
        });
        return this.running;
      });
    return this.waiting;
  }

  /**
   * A look for a data key that a value names. Who asks within the cooldown waits for its end: until the manifest is
   * read again nobody can tell a new data key from one that never was.
   */
  refreshCooled(): Promise<void> {
    this.cooled ??= sleep(Math.max(0, this.notBefore - performance.now()))
      .then(() => this.refresh())
      .finally(() => {
        this.cooled = undefined;
        this.notBefore = performance.now() + cooldown;
      });
    return this.cooled;
  }

  beforeApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** The look behind this one. Replicas that were started together must not look together. */
  private schedule(): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const wait = Math.min(this.pause ?? Infinity, this.settings.reloadSeconds * 1000);
    this.pause &&= Math.min(this.pause * 2, longestPause);
    this.timer = setTimeout(
      () => {
        // A database that is away is told of by those who need it.
        void this.refresh().catch((error: unknown) => {
          this.logger.debug({ msg: 'the ring was not looked at', reason: messageOf(error) });
        });
      },
      wait * (0.9 + Math.random() * 0.2),
    ).unref();
  }

  private async look(): Promise<void> {
    const before = this.required();
    // Only a restart says which one counts once the version that was held is another one.
    if ('reason' in before.fence && before.fence.reason === 'manifest_replaced') return;
    const { followed, rows } = await this.see(before);
    this.alarms.passedOver(followed.passedOver);
    const next = rows && (await this.open(before, followed.held, rows));
    const opened = next && 'ring' in next ? next : undefined;
    const { held, ring, kek } = opened ?? before;
    const fence = next && 'why' in next ? next : fenceAbove(followed);
    const blocked = 'why' in fence ? fence : undefined;
    this.alarms.found('blocked', blocked === undefined ? [] : [{ ...blocked, key: String(followed.held.version) }]);
    this.pause = blocked?.passing === true ? (this.pause ?? firstPause) : undefined;
    this.now = { held, ring, kek, last: followed.held, fence };
    if (opened !== undefined && rows !== undefined) this.onChange(opened, rows);
  }

  /** Until manifest and rows belong together: a transaction need not be a snapshot. */
  private async see({ held, last, kek }: Watched): Promise<Seen> {
    for (;;) {
      const seen = await this.database.snapshot(async (manager) => {
        const followed = await this.loader.follow(manager, last, this.after(last));
        const changed = !followed.gone && followed.held !== held;
        return {
          followed,
          changed,
          rows: changed ? await this.dataKeys.read(manager, followed.held, kek.id) : undefined,
        };
      });
      if (!seen.changed || seen.rows !== undefined) return seen;
    }
  }

  /** The ring of a newer manifest, or why it cannot be used. */
  private async open(before: Watched, held: HeldManifest, rows: RingRows): Promise<HeldRing | Blocked> {
    const { valueLayout } = this.settings;
    const { layout } = held.manifest;
    // What a start has tightened stays so while the manifest asks for the same.
    const tightened = layout === before.held.manifest.layout ? before.ring.layout : atLeast(layout, valueLayout);
    try {
      const ring = await this.dataKeys.open(held, before.kek, { rows, layout: tightened });
      const changed = [...ring.dataKeys.values()].find(({ id, secret }) => {
        const known = before.ring.dataKeys.get(id);
        // The one number that may come again: each version of the way there was judged (see `successor`).
        if (id === classicDataKeyId && layout === 'classic' && before.held.manifest.layout !== 'classic') return false;
        return known !== undefined && !known.secret.equals(secret);
      });
      if (changed !== undefined)
        return unusable(`version ${held.version} names another data key ${changed.id} than the one in memory.`);
      this.logger.log({ msg: 'the manifest of the ring has changed', ...changesOf(held, ring) });
      return { held, ring, kek: before.kek };
    } catch (error) {
      const why = `version ${held.version} of the ring's manifest cannot be used here: ${messageOf(error)}`;
      return { ...unusable(why), passing: error instanceof UnavailableError };
    }
  }

  /** Fingerprints that settings name behind the one that is held. */
  private after({ identity }: HeldManifest): string[] {
    const pins = this.settings.identity.map(({ fingerprint }) => fingerprint);
    const own = pins.indexOf(identity.fingerprint);
    return own === -1 ? [] : pins.slice(own + 1);
  }

  private required(): Watched {
    if (this.now === undefined) throw new RangeError('There is no ring to watch yet.');
    return this.now;
  }
}

const changesOf = ({ version, manifest }: HeldManifest, { active, layout }: Ring): object => ({
  ring: manifest.ring,
  manifestVersion: version,
  activeDataKeyId: active.id,
  layout,
});

const unusable = (why: string): Blocked => ({ reason: 'manifest_unusable', why });

/** What statements name, by what stands above the manifest; or why there can be none. */
function fenceAbove({ held, gone, unreadable, passedOver }: Followed): RingFence | Blocked {
  if (gone === 'replaced')
    return {
      reason: 'manifest_replaced',
      why:
        `version ${held.version} of the ring's manifest in the database is another one than this replica has written under: a ` +
        'restore or a failover took the database back in time, or somebody changed it. Find out which, then restart every replica.',
    };
  if (gone === 'missing')
    return {
      reason: 'manifest_gone',
      why:
        `version ${held.version} of the ring's manifest is not in the database any more: a restore or a failover took it back in ` +
        'time, or somebody deleted it. Put it back, or find out which version counts and restart every replica.',
    };
  if (unreadable !== undefined)
    return { reason: unreadable.reason, why: obstacles[unreadable.reason](unreadable.version) };
  const fence = fenceOf(held, passedOver);
  return typeof fence === 'string' ? { reason: 'too_many_passed_over', why: fence } : fence;
}

const obstacles: Readonly<Record<ManifestObstacle, (version: number) => string>> = {
  manifest_unreadable: (version) =>
    `version ${version} of the ring's manifest is of a form that this version of the software does not know: a newer one wrote it.`,
  manifest_out_of_reach: (version) =>
    `version ${version} of the ring's manifest is signed by the ring and does not follow the one that this replica holds: a version ` +
    'between them is gone, or another one. Find out what became of it, then restart every replica.',
  manifest_takes_back: (version) =>
    `version ${version} of the ring's manifest, signed by the ring, takes back a data key that this replica holds. Find out who ` +
    'signed it.',
};
