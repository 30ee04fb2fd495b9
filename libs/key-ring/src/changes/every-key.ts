import type { UserId } from '@key-connector/common';
import { Database, type SealedRow, type SealedTable, sealedTables, SealedValues } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { UserKeyUnreadable } from '../key-ring.errors.js';
import { KeyRing } from '../key-ring.js';
import { KnownKeys } from './known-keys.js';

/** Rows that one question reads. */
const page = 500;

/** Members who are named; of more of them only the number counts. */
const mostNamed = 1_000;

/** A value that does not open. */
export interface Unopened {
  readonly table: SealedTable;
  /** The member, or the row where its id is no GUID: nobody's. */
  readonly id: string;
}

/** What opening every value came to; of each list the first thousand. */
export interface OpenedValues {
  readonly count: number;
  readonly unopened: readonly Unopened[];
  /** Members who have the same key, or had it: two of whom it is known. */
  readonly shared: readonly (readonly [UserId, UserId])[];
}

/**
 * Opens every value, the history's too, and says which do not, and which members have the same key: a classic value
 * opens in whatever row somebody has put it, so that of two one may be a thief. Only reads; members go on.
 */
@Injectable()
export class EveryKey {
  constructor(
    private readonly database: Database,
    private readonly values: SealedValues,
    private readonly ring: KeyRing,
  ) {}

  /** How many there are. */
  total(): Promise<number> {
    return this.database.read(async ({ manager }) => {
      let count = 0;
      for (const table of sealedTables) count += await this.values.countAll(manager, table);
      return count;
    });
  }

  /** Opens all of them with the data keys as they are now. The key ring must be loaded. */
  async open({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<OpenedValues> {
    await this.ring.refresh();
    const known = new KnownKeys();
    const unopened: Unopened[] = [];
    const shared: [UserId, UserId][] = [];
    let count = 0;
    for await (const { table, rows } of this.pages()) {
      signal?.throwIfAborted();
      for (const row of rows) {
        const other = this.opened(row, known);
        if (other === false && unopened.length < mostNamed)
          unopened.push({ table, id: row.userId ?? `the row ${row.row}` });
        if (typeof other === 'string' && row.userId && shared.length < mostNamed) shared.push([other, row.userId]);
      }
      count += rows.length;
    }
    return { count, unopened, shared };
  }

  /** Another member who has the key of this row; `false` where it does not open. */
  private opened({ userId: id, value, dataKeyId }: SealedRow, known: KnownKeys): UserId | undefined | false {
    if (id === undefined) return false;
    let key: Buffer | undefined;
    try {
      key = this.ring.openAtOnce({ id, value, dataKeyId });
      return known.add(id, key);
    } catch (error) {
      if (error instanceof UserKeyUnreadable) return false;
      throw error;
    } finally {
      key?.fill(0);
    }
  }

  private async *pages(): AsyncGenerator<{ readonly table: SealedTable; readonly rows: SealedRow[] }> {
    for (const table of sealedTables) {
      let after: SealedRow['row'] | undefined;
      for (;;) {
        const from = { after, take: page };
        const rows = await this.database.read(({ manager }) => this.values.page(manager, table, from));
        yield { table, rows };
        if (rows.length < page) break;
        after = rows.at(-1)?.row;
      }
    }
  }
}
