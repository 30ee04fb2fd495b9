import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UnavailableError } from '@key-connector/common';
import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { Metrics } from '@key-connector/observability';
import { Injectable, Logger } from '@nestjs/common';
import { RingStore, type StoredRing } from './data-keys/ring-store.js';
import { Wrappings } from './data-keys/wrappings.js';
import { DataKeyUnreadable } from './key-ring.errors.js';
import type { DataKey } from './values/data-key.js';
import { Ring } from './values/ring.js';

/** Values with made-up ids cost at most one reload in this time, in milliseconds. */
const cooldown = 1_000;

/** New data keys that one look opens at most; each is a call of the provider. */
const mostNew = 16;

/** What was found in the tables of data keys and not used: the label of the metric, and a field of the log line. */
type Refusal =
  /** A data key in memory stands there with another secret. */
  | 'data_key_changed'
  /** A data key does not open, or is gone from there. */
  | 'data_key_unreadable'
  /** A row that cannot be what it should be; none of the others is used either. */
  | 'row_malformed';

/**
 * Looks for data keys that came after the start, when a value names one: one look at a time, shared by all who wait, and
 * not often.
 *
 * It trusts nothing over what is in memory: whoever writes the database, and has the public key, can wrap data keys of his
 * own. So the secret of a data key in memory never changes, none is given up, and neither the data key that is written with
 * nor the layout changes before the next start. All that is new is that values under a new data key can be read.
 */
@Injectable()
export class RingReload {
  private readonly logger = new Logger('KeyRing');
  private readonly refusals;
  /** What each data key was last refused for, so that it is told and counted once. */
  private readonly told = new Map<number | undefined, string>();
  private running: Promise<Ring> | undefined;
  private notBefore = 0;

  constructor(
    private readonly store: RingStore,
    private readonly wrappings: Wrappings,
    metrics: Metrics,
  ) {
    this.refusals = metrics.counter<'reason'>({
      name: 'key_connector_ring_refusals_total',
      help: 'Data keys in the database that were refused while serving: changed, damaged or gone. Alert on any.',
      labelNames: ['reason'],
    });
  }

  /**
   * The ring with what is new; the same one where nothing is. Who asks within the cooldown waits for its end: until the data
   * keys are read again nobody can tell a new one from one that never was.
   *
   * @throws UnavailableError when database or provider are away.
   */
  run(current: Ring, kek: KeyEncryptionKey): Promise<Ring> {
    this.running ??= this.load(current, kek).finally(() => {
      this.running = undefined;
      this.notBefore = performance.now() + cooldown;
    });
    return this.running;
  }

  private async load(current: Ring, kek: KeyEncryptionKey): Promise<Ring> {
    await sleep(Math.max(0, this.notBefore - performance.now()));
    const stored = await this.read();
    if (stored === undefined) return current;
    for (const { id } of current.dataKeys.values()) await this.compare(id, current, kek, stored);
    const dataKeys = new Map(current.dataKeys);
    // The newest first: they are what other replicas write with. Thousands of planted rows cost no more calls than a few.
    const unknown = stored.dataKeyIds.filter((id) => !dataKeys.has(id)).sort((one, other) => other - one);
    for (const id of unknown.slice(0, mostNew)) {
      const dataKey = await this.open(id, kek, stored);
      if (dataKey !== undefined) dataKeys.set(id, dataKey);
    }
    const added = [...dataKeys.keys()].filter((id) => !current.dataKeys.has(id));
    if (added.length === 0) return current;
    this.logger.warn({
      msg: 'a data key was added while this replica runs: values under it are read, and it is not written with before a restart. If it was not you, find out who',
      added,
    });
    return new Ring(dataKeys, current.active, current.layout);
  }

  private async read(): Promise<StoredRing | undefined> {
    try {
      const stored = await this.store.read();
      this.told.delete(undefined);
      return stored;
    } catch (error) {
      if (!(error instanceof DataKeyUnreadable)) throw error;
      this.refuse(undefined, 'row_malformed', error.message);
      return undefined;
    }
  }

  /** An alarm, and no more: what is in memory opened the stored values at the start. */
  private async compare(id: number, { dataKeys }: Ring, kek: KeyEncryptionKey, stored: StoredRing): Promise<void> {
    const found = await this.open(id, kek, stored);
    if (found === undefined) return;
    if (dataKeys.get(id)?.secret.equals(found.secret)) this.told.delete(id);
    else this.refuse(id, 'data_key_changed', `Data key ${id} was replaced by another one in DataKeyWrappings.`);
  }

  private async open(id: number, kek: KeyEncryptionKey, stored: StoredRing): Promise<DataKey | undefined> {
    try {
      return await this.wrappings.open(id, kek, stored);
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      this.refuse(id, 'data_key_unreadable', messageOf(error));
      return undefined;
    }
  }

  private refuse(id: number | undefined, reason: Refusal, why: string): void {
    if (this.told.get(id) === why) return;
    this.told.set(id, why);
    this.refusals.inc({ reason });
    this.logger.error({
      msg: 'the tables of data keys hold what cannot be used: going on with the data keys in memory, but a start would fail or use it',
      reason,
      why,
    });
  }
}
