import { Database, type SealedRow, sealedTables, SealedValues } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { headerOf, isBound } from '../values/bound.layout.js';
import { classicDataKeyId, type DataKey } from '../values/data-key.js';
import { OpeningFailure } from '../values/opening-failure.js';
import { Ring } from '../values/ring.js';

/** Rows that one question reads. */
const page = 500;

/** Members who are named; of more of them only the number counts. */
const mostNamed = 1_000;

/** What every value came to. */
export interface ValuesFound {
  /** By the data key's id: values and rows of the history that open with it. */
  readonly needing: ReadonlyMap<number, number>;
  readonly bound: number;
  readonly classicValues: number;
  /** Values that do not open, and whose they are: the first thousand. */
  readonly unopened: number;
  readonly members: readonly string[];
}

/** Opens every value with data keys that no manifest names yet, and counts which of them are needed. Only reads. */
@Injectable()
export class NeededDataKeys {
  constructor(
    private readonly database: Database,
    private readonly values: SealedValues,
  ) {}

  async count(dataKeys: ReadonlyMap<number, DataKey>): Promise<ValuesFound> {
    const counted = new Counted(dataKeys);
    for (const table of sealedTables) {
      let after: SealedRow['row'] | undefined;
      for (;;) {
        const from = { after, take: page };
        const rows = await this.database.read(({ manager }) => this.values.page(manager, table, from));
        for (const row of rows) counted.take(row);
        if (rows.length < page) break;
        after = rows.at(-1)?.row;
      }
    }
    return counted;
  }
}

class Counted implements ValuesFound {
  readonly needing = new Map<number, number>();
  readonly members: string[] = [];
  bound = 0;
  classicValues = 0;
  unopened = 0;
  private readonly ring: Ring | undefined;

  constructor(dataKeys: ReadonlyMap<number, DataKey>) {
    const [any] = dataKeys.values();
    // Reads both layouts; nothing is sealed with it.
    this.ring = any && new Ring(dataKeys, any, 'bound');
  }

  take({ row, userId: id, value, dataKeyId }: SealedRow): void {
    if (id === undefined || !this.opens({ id, value, dataKeyId })) {
      this.unopened += 1;
      if (this.members.length < mostNamed) this.members.push(id ?? `the row ${row}`);
      return;
    }
    const needed = isBound(value) ? headerOf(value) : classicDataKeyId;
    if (isBound(value)) this.bound += 1;
    else this.classicValues += 1;
    if (needed !== undefined) this.needing.set(needed, (this.needing.get(needed) ?? 0) + 1);
  }

  private opens(stored: Parameters<Ring['open']>[0]): boolean {
    if (this.ring === undefined) return false;
    try {
      this.ring.open(stored).fill(0);
      return true;
    } catch (error) {
      if (error instanceof OpeningFailure) return false;
      throw error;
    }
  }
}
