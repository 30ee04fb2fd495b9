import { timingSafeEqual } from 'node:crypto';
import { KeyConnectorError } from '@key-connector/common';
import type { SeenUserKey } from '@key-connector/database';
import { KeyRing, UserKeyUnreadable } from '@key-connector/key-ring';
import { Metrics } from '@key-connector/observability';
import { Inject, Injectable } from '@nestjs/common';
import { USER_KEYS_SETTINGS } from './user-keys.module-definition.js';
import { UserKeyStoredRecently } from './user-keys.errors.js';
import type { UserKeysSettings } from './user-keys.settings.js';

/**
 * Keeps a key that was stored a short time ago from being replaced by another one: the second device of a new member
 * sends a key of its own before the client's server tells it that the member has one, and the vault is made with the
 * first.
 */
@Injectable()
export class ReplaceGuard {
  private readonly refusals;
  /** How long a key is kept; 0: it can always be replaced. */
  readonly minutes: number;

  constructor(
    private readonly ring: KeyRing,
    metrics: Metrics,
    @Inject(USER_KEYS_SETTINGS) settings: UserKeysSettings,
  ) {
    this.minutes = settings.replaceGuardMinutes;
    this.refusals = metrics.counter({
      name: 'key_connector_replacements_refused_total',
      help: 'PUTs that would have replaced another key younger than userKeys__replaceGuardMinutes.',
    });
  }

  /**
   * What the row's key is to this one: the `same`, an `other` that may be replaced, or one that is too `young` for
   * that.
   *
   * @throws UnavailableError when a young row names a data key that this replica does not know and cannot look for.
   */
  async judge(row: SeenUserKey, key: Uint8Array): Promise<'same' | 'other' | 'young'> {
    const young = this.minutes > 0 && row.young;
    if (await this.holds(row, key, young)) return 'same';
    return young ? 'young' : 'other';
  }

  /** Counts a refusal, and gives it. */
  refuse(): UserKeyStoredRecently {
    this.refusals.inc();
    return new UserKeyStoredRecently();
  }

  /**
   * Whether the row holds this key. One that does not open counts as another key: it may be good, under a data key that
   * this replica does not have, and once it is no longer young it can be replaced all the same, and is kept.
   */
  private async holds(row: SeenUserKey, key: Uint8Array, young: boolean): Promise<boolean> {
    if (!young && row.value === '') return false;
    let stored: Buffer | undefined;
    try {
      stored = await this.ring.open(row);
      return stored.length === key.length && timingSafeEqual(stored, key);
    } catch (error) {
      // What is not young is replaced and kept, whatever it is: no PUT is refused because a data key cannot be looked
      // for.
      if (error instanceof UserKeyUnreadable || (!young && error instanceof KeyConnectorError)) return false;
      throw error;
    } finally {
      stored?.fill(0);
    }
  }
}
