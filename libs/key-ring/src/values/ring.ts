import type { UserId } from '@key-connector/common';
import type { StoredUserKey } from '@key-connector/database';
import { isBound, openBound, parseBound, sealBound } from './bound.layout.js';
import { openClassic, sealClassic } from './classic.layout.js';
import { classicDataKeyId, type DataKey } from './data-key.js';
import { OpeningFailure } from './opening-failure.js';
import type { ValueLayout } from './value-layout.js';

/** A row as a database gives it, whatever our types say of it: SQLite keeps bytes in a column of text. */
type UncheckedUserKey = Readonly<Record<Exclude<keyof StoredUserKey, 'id'>, unknown>> & Pick<StoredUserKey, 'id'>;

/**
 * Characters of a value at most. A member's 32 bytes take 80 to 98; deployments have longer keys, but none like this.
 */
export const longestValue = 64 * 1024;

/**
 * The data keys at one moment, and how values are written with them. Never changes; a new manifest makes another one.
 */
export class Ring {
  constructor(
    readonly dataKeys: ReadonlyMap<number, DataKey>,
    /** The data key that new values are sealed under; one of `dataKeys`. */
    readonly active: DataKey,
    readonly layout: ValueLayout,
  ) {}

  /** The row of a member's key: encrypted under the active data key, in the ring's layout. */
  seal(id: UserId, key: Uint8Array): StoredUserKey {
    if (this.layout === 'classic') return { id, value: sealClassic(this.active, key), dataKeyId: null };
    return { id, value: sealBound(this.active, id, key), dataKeyId: this.active.id };
  }

  /**
   * Opens a member's row, whatever stands in its columns; the caller wipes the result.
   *
   * @throws OpeningFailure, which says why not.
   */
  open({ id, value, dataKeyId }: UncheckedUserKey): Buffer {
    if (typeof value !== 'string' || value.length > longestValue) throw new OpeningFailure('malformed');
    if (dataKeyId !== null && typeof dataKeyId !== 'number') throw new OpeningFailure('malformed');
    if (!isBound(value)) return this.openClassic(value, dataKeyId);
    const bound = parseBound(value);
    if (dataKeyId !== null && dataKeyId !== bound.dataKeyId) throw new OpeningFailure('data_key_id_mismatch');
    return openBound(this.dataKey(bound.dataKeyId), id, bound);
  }

  /** A row that names a data key was written bound: a classic value in it was put there by someone else. */
  private openClassic(value: string, dataKeyId: number | null): Buffer {
    if (this.layout === 'boundOnly' || dataKeyId !== null) throw new OpeningFailure('classic_where_bound_expected');
    return openClassic(this.dataKey(classicDataKeyId), value);
  }

  private dataKey(id: number): DataKey {
    const dataKey = this.dataKeys.get(id);
    if (dataKey === undefined) throw new OpeningFailure('unknown_data_key', id);
    return dataKey;
  }
}
