import { setTimeout as sleep } from 'node:timers/promises';
import type { UserId } from '@key-connector/common';
import {
  Database,
  DatabaseRowLocked,
  DatabaseUnavailable,
  type StoredUserKey,
  UserKeyHistoryRows,
  UserKeyRows,
  type UserKeySwap,
} from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { UserKeyUnreadable } from '../key-ring.errors.js';
import { KeyRing } from '../key-ring.js';

/** How often a batch is tried that meets locks, a newer manifest or a deadline. */
const attempts = 8;

/** How far a run is. */
export interface ReencryptionProgress {
  /** Values that are sealed under the active data key now and were not before. */
  readonly done: number;
  /** Values to do when the run began; members may add to them, or take some away, meanwhile. */
  readonly total: number;
}

/** What a run left behind. */
export interface ReencryptionResult extends ReencryptionProgress {
  /** Members with a value that does not open: it was left as it is. */
  readonly unopened: readonly UserId[];
  /** Members whose row was locked by another session at every try. */
  readonly locked: readonly UserId[];
}

/** How a run goes about it. */
export interface ReencryptionOptions {
  /** Values a second at most; 0 for as many as can be. */
  readonly rate: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReencryptionProgress) => void) | undefined;
}

/**
 * Seals every value anew that is not under the active data key, the history's too, while members go on. A row is changed only
 * while it is as it was read: the newest PUT always wins. Nothing is remembered: a run that was stopped goes on where values
 * are left, and two at once do each other no harm.
 */
@Injectable()
export class Reencryption {
  constructor(
    private readonly database: Database,
    private readonly userKeys: UserKeyRows,
    private readonly history: UserKeyHistoryRows,
    private readonly ring: KeyRing,
  ) {}

  /** How many values a run would seal anew. */
  async count(): Promise<number> {
    const { active } = this.ring.sealer();
    return this.database.read(
      async ({ manager }) =>
        (await this.userKeys.countNotUnder(manager, active)) + (await this.history.countNotUnder(manager, active)),
    );
  }

  /**
   * Goes through all of them, and once more through those that came meanwhile. Memory stays flat, however many there are.
   *
   * @throws an AbortError when the signal is aborted: what is done is kept.
   */
  async run({ rate, signal, onProgress }: ReencryptionOptions): Promise<ReencryptionResult> {
    const run = new Run(await this.count(), rate, signal, onProgress);
    await this.through(run, this.userKeys, (rows) => this.swap(rows));
    await this.through(run, this.history, (rows) => this.swapHistory(rows));
    return run.result();
  }
}
