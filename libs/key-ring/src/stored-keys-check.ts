import { messageOf } from '@key-connector/common';
import { Database } from '@key-connector/database';
import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { DataKeys, openIn, type RingRows, wrappingOf } from './data-keys/data-keys.js';
import { Wrappings } from './data-keys/wrappings.js';
import type { HeldRing } from './held-ring.js';
import { ClassicKeyUnreadable, DataKeyUnreadable } from './key-ring.errors.js';
import { dataKeyCheck } from './manifest/data-key-check.js';
import { RingAlarms, type RingRefusal } from './ring-alarms.js';
import { classicDataKeyId } from './values/data-key.js';

/** Between two checks, in milliseconds. */
const interval = 60_000;

/** Something to tell. */
interface Finding {
  readonly reason: RingRefusal;
  readonly key: string;
  readonly why: string;
}

/**
 * Looks now and then whether the database still holds the data keys that are in memory: alarms, and no more. Members
 * are served from memory; the next start, and classic software beside us, would not be. The provider is asked only
 * about what has changed.
 */
@Injectable()
export class StoredKeysCheck implements BeforeApplicationShutdown {
  private readonly logger = new Logger('KeyRing');
  /** By what it is of: a wrapping that was seen to open to what is in memory. */
  private readonly good = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly dataKeys: DataKeys,
    private readonly wrappings: Wrappings,
    private readonly alarms: RingAlarms,
  ) {}

  /** Begins behind a start, which has opened these rows. */
  async begin(rows: RingRows, current: () => HeldRing | undefined): Promise<void> {
    for (const [id, wrapped] of rows.wrapped) this.good.set(String(id), wrapped);
    const first = current();
    if (first !== undefined) await this.tell(first, rows);
    this.schedule(current);
  }

  /** Looks at the rows as they are now. */
  async run(current: HeldRing): Promise<void> {
    const rows = await this.database.snapshot((manager) => this.dataKeys.read(manager, current.held, current.kek.id));
    // A newer manifest is on its way: the next check is about that.
    if (rows !== undefined) await this.tell(current, rows);
  }

  beforeApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(current: () => HeldRing | undefined): void {
    if (this.stopped) return;
    const wait = interval * (0.9 + Math.random() * 0.2);
    this.timer = setTimeout(() => {
      const held = current();
      void (held === undefined ? Promise.resolve() : this.run(held))
        .catch((error: unknown) => {
          this.logger.debug({ msg: 'the stored data keys were not looked at', reason: messageOf(error) });
        })
        .finally(() => {
          this.schedule(current);
        });
    }, wait).unref();
  }

  private async tell({ held: { manifest }, kek }: HeldRing, rows: RingRows): Promise<void> {
    const findings: (Finding | undefined)[] = rows.unnamed.map(unnamed);
    for (const dataKey of openIn(manifest)) {
      const check = async (): Promise<string> => {
        const wrapped = wrappingOf(dataKey.id, kek, rows);
        if (this.good.get(String(dataKey.id)) !== wrapped) await this.dataKeys.unwrap(manifest, dataKey, kek, rows);
        return wrapped;
      };
      findings.push(await this.finding(String(dataKey.id), 'data_key_unreadable', check));
    }
    const classic = openIn(manifest).find(({ id }) => id === classicDataKeyId);
    const services = manifest.keks.filter(({ role }) => role === 'service');
    if (classic !== undefined)
      findings.push(
        await this.finding('classic', 'classic_data_key_changed', async () => {
          const { symmetricKey = '' } = rows;
          if (this.good.get('classic') === symmetricKey) return symmetricKey;
          // The row has room for one wrapping: while a key-encryption key is exchanged it is under the other one.
          const dataKey = await this.wrappings.openClassic(kek, symmetricKey).catch((error: unknown) => {
            if (error instanceof ClassicKeyUnreadable && services.length > 1) return undefined;
            throw error;
          });
          if (dataKey === undefined) return '';
          if (dataKeyCheck(dataKey, manifest.ring) !== classic.check)
            throw new DataKeyUnreadable(
              'The first row of ApplicationDatas holds another data key than this ring’s data key 0.',
            );
          return symmetricKey;
        }),
      );
    this.alarms.found(
      'stored keys',
      findings.flatMap((finding) => finding ?? []),
    );
  }

  private async finding(key: string, reason: RingRefusal, check: () => Promise<string>): Promise<Finding | undefined> {
    try {
      this.good.set(key, await check());
      return undefined;
    } catch (error) {
      // A provider that is away says nothing of the rows, and a key-encryption key that was taken out of the ring opens
      // none.
      if (!(error instanceof DataKeyUnreadable)) return undefined;
      return { reason, key, why: `${error.message} Members are served from memory, but a start would fail.` };
    }
  }
}

const unnamed = (id: number): Finding => ({
  reason: 'data_key_unnamed',
  key: String(id),
  why: `DataKeys has a row ${id} that the manifest of this ring does not name: it is not used. Find out who wrote it.`,
});
