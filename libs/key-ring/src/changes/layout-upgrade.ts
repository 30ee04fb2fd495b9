import { LayoutGuard, SealedValues } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { KeyRing } from '../key-ring.js';
import type { HeldManifest } from '../manifest/succession.js';
import { valuesUnder } from '../values/bound.layout.js';
import { classicDataKeyId } from '../values/data-key.js';
import { RingChangeRefused } from './changes.errors.js';
import { newDataKey } from './data-key-rotation.js';
import { EveryKey, type OpenedValues } from './every-key.js';
import { Reencryption, type ReencryptionProgress, type ReencryptionResult } from './reencryption.js';
import { type RingChange, RingChanges, type RingView } from './ring-changes.js';

/** How a change of the layout goes about it. */
export interface LayoutChangeOptions {
  /** Values a second at most; 0 for as many as can be. */
  readonly rate: number;
  /** Whether the database itself is to refuse what classic software writes. */
  readonly guarded: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told of each step, as a sentence. */
  readonly onStep?: ((step: string) => void) | undefined;
  readonly onProgress?: ((progress: ReencryptionProgress) => void) | undefined;
}

/** What a change of the layout came to. */
export interface LayoutChanged {
  readonly held: HeldManifest;
  /** Values that this run has sealed anew. */
  readonly sealed: number;
}

/**
 * Takes a classic deployment into the bound layout, while members are served: each value is tied to its member, under a
 * new data key. Every step looks at what is there, so one that was killed is gone on with by the next run.
 */
@Injectable()
export class LayoutUpgrade {
  constructor(
    private readonly values: SealedValues,
    private readonly guard: LayoutGuard,
    private readonly ring: KeyRing,
    private readonly changes: RingChanges,
    private readonly reencryption: Reencryption,
    private readonly everyKey: EveryKey,
  ) {}

  /**
   * Opens every value. Of two members with one key nobody can tell whose it is, and sealing it would settle that for
   * good.
   */
  look(options: Pick<LayoutChangeOptions, 'signal'> = {}): Promise<OpenedValues> {
    return this.everyKey.open(options);
  }

  /** Values of members and of their history: an upgrade seals all of them anew. */
  count(): Promise<number> {
    return this.everyKey.total();
  }

  /**
   * From wherever the ring is, to boundOnly. The key ring must be loaded, and classic software stopped.
   *
   * @throws RingChangeRefused where values do not open, or two members have the same key; LayoutGuardDenied where the
   * database does not let this login add the guard. What is done stays done, and the next run goes on.
   */
  async run(options: LayoutChangeOptions): Promise<LayoutChanged> {
    const { guarded, signal, onStep } = options;
    const before = await this.changes.look();
    if (before.held.manifest.layout === 'boundOnly') {
      await this.insist('boundOnly', options);
      if (guarded) await this.guard.prove('boundOnly', signal);
      return { held: before.held, sealed: 0 };
    }
    await this.requireSound(options);
    if (before.held.manifest.layout === 'classic') {
      onStep?.('A new data key is made, and the layout is bound from now on.');
      await this.changes.apply(before, bindFromNowOn);
    }
    // Also where another run has written that: it may have been killed before it had waited.
    onStep?.('Waiting until nothing classic can be under way any more.');
    await this.changes.settle(signal);
    await this.ring.refresh();
    // Throws where this process cannot follow what it has written.
    this.ring.sealer();
    let sealed = 0;
    // A row whose column and value do not fit each other could not be touched under the guard.
    if (guarded && (await this.guard.misfits()) > 0) sealed += (await this.sealAnew(options)).done;
    await this.insist('bound', options);
    sealed += (await this.sealAnew(options)).done;
    // Once more, of what was put there meanwhile.
    await this.requireSound(options);
    await this.insist('boundOnly', options);
    onStep?.('Classic values are refused from now on.');
    const held = await this.changes.apply(await this.changes.look(), (change) => this.refuseClassic(change));
    await this.ring.refresh();
    if (guarded) await this.guard.prove('boundOnly', signal);
    return { held, sealed };
  }

  private async insist(layout: 'bound' | 'boundOnly', options: LayoutChangeOptions): Promise<void> {
    if (!options.guarded) return;
    options.onStep?.(`The database takes values of the layout ${layout} alone from now on.`);
    await this.guard.put(layout, options.signal);
  }

  private async sealAnew(options: LayoutChangeOptions): Promise<ReencryptionResult> {
    const result = await this.reencryption.run(options);
    if (result.unopened > 0) throw unsound({ unopened: result.members, shared: [] });
    return result;
  }

  private async requireSound({ signal, onStep }: LayoutChangeOptions): Promise<void> {
    onStep?.('Opening every value, the history’s too.');
    const { unopened, shared } = await this.everyKey.open({ signal });
    if (unopened.length === 0 && shared.length === 0) return;
    throw unsound({ unopened: unopened.map(({ id }) => id), shared });
  }

  /** Counted behind the guard, and in the transaction that says so: nothing classic is locked out. */
  private async refuseClassic({ manager, view }: RingChange): Promise<{ layout: 'boundOnly' }> {
    requireBound(view);
    const left = await this.values.countNeeding(manager, valuesUnder(classicDataKeyId));
    if (left > 0)
      throw new RingChangeRefused(
        `${left} classic values were written while the upgrade ran: software that writes the classic layout still runs. Stop it, ` +
          'and run the command again.',
      );
    return { layout: 'boundOnly' };
  }
}

/** A manifest in which values are bound, under a data key that classic software never knew. */
async function bindFromNowOn(change: RingChange): ReturnType<Parameters<RingChanges['apply']>[1]> {
  const { id, check } = await newDataKey(change);
  const { dataKeys } = change.view.held.manifest;
  return { layout: 'bound', activeDataKeyId: id, dataKeys: [...dataKeys, { id, check, state: 'open' }] };
}

function requireBound({ held: { manifest } }: RingView): void {
  if (manifest.layout === 'bound') return;
  throw new RingChangeRefused(
    `The layout was changed by somebody else meanwhile: it is ${manifest.layout} now. Look at what is there (key-connector ` +
      'ring show), and run the command again if it is still wanted.',
  );
}

/** @param shared pairs of members */
function unsound({
  unopened,
  shared,
}: {
  readonly unopened: readonly string[];
  readonly shared: readonly (readonly [string, string])[];
}): RingChangeRefused {
  return new RingChangeRefused(
    [
      ...(unopened.length === 0
        ? []
        : [
            'Values do not open, of members or of their history. Restore those rows from a backup, or give them up by name ' +
              '(key-connector member delete <id> --purge):',
            ...unopened,
          ]),
      ...(shared.length === 0
        ? []
        : [
            'Members have the same key, or had it: one of the two may have put the other’s value into his own row, and sealing it ' +
              'there would make it his. Find out whose it is, and give up the other one by name (key-connector member delete ' +
              '<id> --purge):',
            ...shared.map(([one, other]) => `${one} and ${other}`),
          ]),
      'Run the command again then.',
    ].join('\n'),
  );
}
