import {
  Database,
  type HistoryCause,
  type HistoryEntry,
  type KeptUserKey,
  type SeenUserKey,
  UserKeyHistory,
} from '@key-connector/database';
import { Inject, Injectable } from '@nestjs/common';
import { USER_KEYS_SETTINGS } from './user-keys.module-definition.js';
import type { UserKeysSettings } from './user-keys.settings.js';

/** Keys that are kept of a member at most. */
export const mostKept = 32;

/** Of these, the oldest and the newest stay whatever comes between. */
const keptAtEachEnd = 8;

/** Decides what of a replaced key is kept, and what makes room for it. */
@Injectable()
export class KeptKeys {
  /** How long a replaced key is kept, in days; 0: what a member replaces is not, and nothing is removed. */
  readonly days: number;

  constructor(
    private readonly database: Database,
    private readonly history: UserKeyHistory,
    @Inject(USER_KEYS_SETTINGS) settings: Pick<UserKeysSettings, 'keepReplacedDays'>,
  ) {
    this.days = settings.keepReplacedDays;
  }

  /**
   * What a swap keeps of a row that it replaces at this time by the database's clock; `undefined` where nothing is
   * kept.
   */
  async of(row: SeenUserKey, cause: HistoryCause, at: number): Promise<KeptUserKey | undefined> {
    // What an operator does can be undone whatever the settings say of members.
    if (row.value === '' || (this.days === 0 && cause === 'replaced')) return undefined;
    // The row was seen with so many: whoever adds one to them changes the row.
    const full = row.kept >= mostKept;
    const entries = full ? await this.database.read(({ manager }) => this.history.of(manager, row.id)) : [];
    return { dataKeyId: row.dataKeyId, since: within(row.since, at), cause, expendable: expendableOf(entries) };
  }
}

/**
 * Which entries of a member go, so that one more makes {@link mostKept}: of those that are neither among the oldest nor
 * among the newest, the ones that were the member's key for the shortest time.
 *
 * So nobody pushes a good key out who puts others without end, at once or slowly: it is among the oldest when it was
 * replaced first, and when it was not, only a key that stood for longer takes its place, of which sixteen are needed.
 * The guard of young keys lets no two be replaced within minutes; a key that stood for six days cannot be pushed out
 * within ninety.
 *
 * @param entries the oldest first
 */
export function expendableOf(entries: readonly HistoryEntry[]): number[] {
  const between = entries.slice(keptAtEachEnd, entries.length - keptAtEachEnd + 1);
  const tooMany = Math.max(0, entries.length + 1 - mostKept);
  const stood = ({ since, replaced }: HistoryEntry): number => replaced.getTime() - since.getTime();
  // Of two that stood as long, the newer one goes.
  const shortest = between.toSorted((one, other) => stood(one) - stood(other) || other.id - one.id);
  return shortest.slice(0, tooMany).map(({ id }) => id);
}

/** A time that a column can hold: what stands in a row may be anything. */
const within = (since: number | null, at: number): number => (since !== null && since >= 0 && since <= at ? since : at);
