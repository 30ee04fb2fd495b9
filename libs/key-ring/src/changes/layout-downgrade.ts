import { randomBytes } from 'node:crypto';
import { dataKeyLength } from '@key-connector/crypto-providers';
import { Database, LayoutGuard, SealedValues } from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import { KEY_RING_SETTINGS } from '../key-ring.module-definition.js';
import type { KeyRingSettings } from '../key-ring.settings.js';
import { KeyRing } from '../key-ring.js';
import { dataKeyCheck } from '../manifest/data-key-check.js';
import type { Manifest } from '../manifest/manifest.js';
import { classicValues, valuesUnder } from '../values/bound.layout.js';
import { classicDataKeyId, type DataKey, takeSecret } from '../values/data-key.js';
import { ChangedRows } from './changed-rows.js';
import { RingChangeRefused } from './changes.errors.js';
import { DataKeyDrop } from './data-key-drop.js';
import { wrapForClassicSoftware } from './kek-wrapper.js';
import type { LayoutChanged, LayoutChangeOptions } from './layout-upgrade.js';
import type { ManifestChanges } from './manifest-writer.js';
import { Reencryption, type ReencryptionResult } from './reencryption.js';
import { type RingChange, RingChanges, type RingView } from './ring-changes.js';

/** Rounds in which a value may be left that a replica with an older manifest wrote. */
const rounds = 3;

/**
 * Takes a ring back into the classic layout, while members are served: afterwards the database is one that classic
 * software opens. The history stays as it is. Every step looks at what is there, so one that was killed is gone on with
 * by the next run.
 */
@Injectable()
export class LayoutDowngrade {
  constructor(
    private readonly database: Database,
    private readonly values: SealedValues,
    private readonly guard: LayoutGuard,
    private readonly rows: ChangedRows,
    private readonly ring: KeyRing,
    private readonly changes: RingChanges,
    private readonly drop: DataKeyDrop,
    private readonly reencryption: Reencryption,
    @Inject(KEY_RING_SETTINGS) private readonly settings: Pick<KeyRingSettings, 'valueLayout'>,
  ) {}

  /** What run would refuse before it changes anything. */
  requireMayRun(): void {
    if (this.settings.valueLayout === 'auto' || this.settings.valueLayout === 'classic') return;
    throw new RingChangeRefused(
      `keyRing__valueLayout is ${this.settings.valueLayout}, which asks for more than the classic layout. Set it to auto on every ` +
        'replica, restart them, and run the command again.',
    );
  }

  /** Members' values that are not in the classic layout. The history is left as it is. */
  count(): Promise<number> {
    return this.database.read(({ manager }) => this.values.countNotUnder(manager, 'UserKeys', classicValues));
  }

  /**
   * From wherever the ring is. The key ring must be loaded.
   *
   * @throws RingChangeRefused where settings ask for more, or values do not open; LayoutGuardDenied where the database
   * does not let this login take the guard away. What is done stays done, and the next run goes on.
   */
  async run(options: Omit<LayoutChangeOptions, 'guarded'>): Promise<LayoutChanged> {
    const { signal, onStep } = options;
    this.requireMayRun();
    // Before the first replica writes what it would refuse.
    onStep?.('The database takes values of any layout again.');
    await this.guard.takeAway(signal);
    let seen = await this.changes.look();
    if (seen.held.manifest.layout !== 'classic') {
      if (canBeOpenedAgain(seen)) {
        await this.drop.undo(seen, classicDataKeyId);
        seen = await this.changes.look();
      }
      onStep?.('Data key 0 is written with, in the classic layout, from now on.');
      await this.changes.apply(seen, (change) => this.goBack(change));
    }
    // Also where another run has written that: it may have been killed before it had waited.
    onStep?.('Waiting until nothing bound can be under way any more.');
    await this.changes.settle(signal);
    await this.ring.refresh();
    // Throws where this process cannot follow what it has written.
    this.ring.sealer();
    const sealed = await this.sealClassic(options);
    return { held: (await this.changes.look()).held, sealed };
  }

  private async sealClassic(options: Omit<LayoutChangeOptions, 'guarded'>): Promise<number> {
    let sealed = 0;
    for (let round = 0; round < rounds; round += 1) {
      const result = await this.reencryption.run(options);
      if (result.unopened > 0) throw unopened(result);
      sealed += result.done;
      if ((await this.reencryption.count()) === 0) return sealed;
    }
    throw new RingChangeRefused(
      `${await this.reencryption.count()} bound values were written meanwhile: a replica has keyRing__valueLayout bound or boundOnly. Set it ` +
        'to auto on every replica, restart them, and run the command again.',
    );
  }

  private async goBack(change: RingChange): Promise<ManifestChanges> {
    const { manifest } = change.view.held;
    const open = manifest.dataKeys.some(({ id, state }) => id === classicDataKeyId && state === 'open');
    const dataKey = open ? await change.open(classicDataKeyId) : await this.newClassicKey(change);
    await this.rows.putApplicationData(change.manager, await wrapForClassicSoftware(change.view.kek, dataKey));
    const entry = { id: classicDataKeyId, check: dataKeyCheck(dataKey, change.ring), state: 'open' } as const;
    // In the order of ids.
    const dataKeys: Manifest['dataKeys'] = [entry, ...manifest.dataKeys.filter(({ id }) => id !== classicDataKeyId)];
    return { layout: 'classic', activeDataKeyId: classicDataKeyId, dataKeys };
  }

  /** In a ring that never had one, or gave it up: see `successor` for why its number may be used. */
  private async newClassicKey(change: RingChange): Promise<DataKey> {
    const needed = await this.values.countNeeding(change.manager, valuesUnder(classicDataKeyId));
    if (needed > 0)
      throw new RingChangeRefused(
        `${needed} values or rows of the history say that they need a data key 0, which this ring has not any more: somebody put ` +
          'them there. Look at them (key-connector doctor --all), and give them up by name.',
      );
    const bytes = randomBytes(dataKeyLength);
    try {
      const plain = { id: classicDataKeyId, bytes };
      // Somebody may have put a row there; its wrappings are replaced.
      if ((await change.takenIds([classicDataKeyId])).length > 0) await change.wrap(plain);
      else await change.insertDataKey(plain);
      return { id: classicDataKeyId, secret: takeSecret(Uint8Array.from(bytes)) };
    } finally {
      bytes.fill(0);
    }
  }
}

/** Its drop was not finished. */
const canBeOpenedAgain = ({ held: { manifest }, wrapped }: RingView): boolean =>
  manifest.dataKeys.some(({ id, state }) => id === classicDataKeyId && state === 'dropped') &&
  wrapped.some(({ dataKeyId }) => dataKeyId === classicDataKeyId);

const unopened = ({ unopened: count, members }: ReencryptionResult): RingChangeRefused =>
  new RingChangeRefused(
    `${count} values do not open, and were left as they are. Restore those rows from a backup, or give them up by name ` +
      `(key-connector member delete <id> --purge), and run the command again:\n${members.join('\n')}`,
  );
