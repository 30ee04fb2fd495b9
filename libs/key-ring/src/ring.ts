import type { UserId } from '@key-connector/common';
import type { StoredUserKey } from '@key-connector/database';
import { classicDataKeyId, type DataKey } from './data-key.js';
import { isBound, openBound, parseBound, sealBound } from './layouts/bound.layout.js';
import { openClassic, sealClassic } from './layouts/classic.layout.js';
import { OpeningFailure } from './opening-failure.js';
import type { ValueLayout } from './value-layout.js';

/** The data keys at one moment, and how values are written with them. */
export class Ring {
  /** The data key that new values are sealed under: the highest id. */
  readonly active: DataKey;

  constructor(
    readonly dataKeys: ReadonlyMap<number, DataKey>,
    readonly layout: ValueLayout,
  ) {
    this.active = this.dataKey(Math.max(...dataKeys.keys()));
  }

  seal(id: UserId, key: Uint8Array): StoredUserKey {
    if (this.layout === 'classic') return { id, value: sealClassic(this.active, key), dataKeyId: null };
    return { id, value: sealBound(this.active, id, key), dataKeyId: this.active.id };
  }

  /** Opens a stored value; an OpeningFailure says why not. */
  open({ id, value, dataKeyId }: StoredUserKey): Buffer {
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
    if (dataKey === undefined) throw new OpeningFailure('unknown_data_key');
    return dataKey;
  }
}
