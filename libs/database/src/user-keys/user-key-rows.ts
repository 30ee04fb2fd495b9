import { parseUserId, type UserId } from '@key-connector/common';
import {
  type EntityManager,
  In,
  IsNull,
  Like,
  MoreThan,
  Not,
  type ObjectLiteral,
  type SelectQueryBuilder,
} from 'typeorm';
import type { Dialect } from '../dialect/dialect.js';
import type { StoredUserKey } from '../dialect/user-key.statements.js';
import { fromUtcText } from '../dialect/utc-column.js';
import type { SealedTable } from './sealed-values.js';
import { UserKey } from './user-key.entity.js';

/** A member's row, and when its key was last stored; undefined where the columns hold no time. */
export interface DatedUserKey extends StoredUserKey {
  readonly changed: Date | undefined;
}

/** A row as a walk through all of them finds it. */
export interface ListedUserKey {
  readonly id: string;
  readonly key: StoredUserKey | undefined;
}

/** A row to insert; times are `yyyy-MM-dd HH:mm:ss.fffffff` in UTC. */
export interface NewUserKey extends StoredUserKey {
  readonly creationDate: string;
  readonly revisionDate: string | null;
  readonly lastAccessDate: string | null;
}

/** A row as the driver gives it, whatever its columns hold. */
export interface UncheckedRow {
  readonly id: unknown;
  /** `null` where it is longer than was asked for, too. */
  readonly value: unknown;
  readonly dataKeyId: unknown;
}

/** Rows that a look at all of them reads at a time. */
const pageSize = 500;

/** Beginnings that are asked for first: nearly always there is none. */
const firstParts = 100;

/** Letters that a stored value's header has at most: `kc2.`, a data key's id, and a point. */
const headerLength = 15;

/** Letters of a member's 32 bytes in the classic layout: base64 of 60 bytes. */
const shortestClassic = 80;

/** The beginning of a value. */
interface FoundPart {
  readonly id: unknown;
  readonly part: unknown;
}

const textOf = ({ part }: FoundPart): string[] => (typeof part === 'string' ? [part] : []);

type Condition = [sql: string, parameters: Readonly<Record<string, string>>];

/** Rows in one statement: with six values each it stays below SQL Server's limit of 2,100 parameters. */
const batchSize = 250;

/**
 * What is asked of UserKeys beside requests: at start, and by imports. Takes the manager that `Database.read` or
 * `Database.lock` hands out, so it runs where the caller's other statements run.
 */
export class UserKeyRows {
  constructor(private readonly dialect: Dialect) {}

  /** Whether any member has a row. */
  exist(manager: EntityManager): Promise<boolean> {
    return manager.exists(UserKey);
  }

  /** How many members have a row: reads all of them. */
  count(manager: EntityManager): Promise<number> {
    return manager.count(UserKey);
  }

  /** Whether a stored value begins otherwise. The prefix holds neither `%` nor `_`. */
  existWithoutPrefix(manager: EntityManager, prefix: string): Promise<boolean> {
    return manager.existsBy(UserKey, { value: Not(Like(`${prefix}%`)) });
  }

  /** Whether a stored value begins so. The prefix holds neither `%` nor `_`. */
  existWithPrefix(manager: EntityManager, prefix: string): Promise<boolean> {
    return manager.existsBy(UserKey, { value: Like(`${prefix}%`) });
  }

  /** Whether anything is kept of what members' keys were before. */
  async historyExists(manager: EntityManager): Promise<boolean> {
    const query = manager.createQueryBuilder().select('1', 'one').from('UserKeyHistory', 'h');
    return (await query.limit(1).getRawMany()).length > 0;
  }

  /** Every row, some hundreds at a time; no value is read that is longer than `longest`. */
  async *all(manager: EntityManager, longest: number): AsyncGenerator<UncheckedRow> {
    let last: UncheckedRow | undefined;
    for (;;) {
      const query = manager
        .createQueryBuilder(UserKey, 'k')
        .select('k.id', 'id')
        .addSelect(this.valueUpTo(longest), 'value')
        .addSelect('k.dataKeyId', 'dataKeyId')
        .orderBy('k.id', 'ASC')
        .limit(pageSize);
      if (last !== undefined) query.where('k.id > :last', { last: last.id });
      const rows = await query.getRawMany<UncheckedRow>();
      yield* rows;
      if (rows.length < pageSize) return;
      last = rows.at(-1);
    }
  }

  /**
   * How the values of a table begin that begin with the prefix and with none of the others; some at a time, until the
   * caller has seen enough. None of them holds `%` or `_`.
   */
  beginnings(
    manager: EntityManager,
    table: SealedTable,
    { prefix, others }: { prefix: string; others: readonly string[] },
  ): AsyncGenerator<string[]> {
    return this.parts({ manager, table, length: headerLength }, (column) => [
      [`${column} LIKE :prefix`, { prefix: `${prefix}%` }],
      ...others.map((other, index): Condition => [
        `${column} NOT LIKE :other${index}`,
        { [`other${index}`]: `${other}%` },
      ]),
    ]);
  }

  /**
   * The first 80 letters of a table's values, as `beginnings`, that are no longer than `longest` and begin otherwise.
   */
  beginningsWithout(
    manager: EntityManager,
    table: SealedTable,
    { prefix, longest }: { prefix: string; longest: number },
  ): AsyncGenerator<string[]> {
    return this.parts({ manager, table, length: shortestClassic }, (column) => [
      [`${column} NOT LIKE :prefix`, { prefix: `${prefix}%` }],
      [`${this.dialect.lengthOf(column)} BETWEEN ${shortestClassic} AND ${longest}`, {}],
    ]);
  }

  /**
   * Any rows first: nearly always there is none, and the table is read once, in whatever order is fast. Where there are
   * more, all of them in the order of ids: what is looked for may stand behind any number of others.
   */
  private async *parts(
    { manager, table, length }: { manager: EntityManager; table: SealedTable; length: number },
    conditions: (column: string) => Condition[],
  ): AsyncGenerator<string[]> {
    const column = manager.dataSource.driver.escape('Key');
    const id = manager.dataSource.driver.escape('Id');
    const some = (): SelectQueryBuilder<ObjectLiteral> => {
      const query = manager.createQueryBuilder().select(`SUBSTRING(${column}, 1, ${length})`, 'part');
      for (const [condition, parameters] of conditions(column)) query.andWhere(condition, parameters);
      return query.addSelect(id, 'id').from(table, 't');
    };
    let rows = await some().limit(firstParts).getRawMany<FoundPart>();
    yield rows.flatMap(textOf);
    if (rows.length < firstParts) return;
    rows = await some().orderBy(id).limit(pageSize).getRawMany<FoundPart>();
    while (rows.length > 0) {
      yield rows.flatMap(textOf);
      const last = rows.at(-1)?.id;
      rows = await some().andWhere(`${id} > :last`, { last }).orderBy(id).limit(pageSize).getRawMany<FoundPart>();
    }
  }

  /** The rows with a value that were created last, at most `take`. */
  async newest(manager: EntityManager, take: number): Promise<StoredUserKey[]> {
    const rows = await manager.find(UserKey, {
      select: { id: true, value: true, dataKeyId: true },
      where: { value: Not(IsNull()) },
      order: { creationDate: 'DESC' },
      take,
    });
    return rows.flatMap((row) => storedUserKey(row) ?? []);
  }

  /**
   * Rows with a value, at most `take`, each as likely as any other: reads every id, and of a value no more than
   * `longest` letters, `''` where it is longer.
   */
  async random(manager: EntityManager, { take, longest }: { take: number; longest: number }): Promise<StoredUserKey[]> {
    // Ids alone are shuffled: some servers write all that they sort into a file.
    const picked = await manager
      .createQueryBuilder(UserKey, 'k')
      .select('k.id', 'id')
      .where('k.value IS NOT NULL')
      .orderBy(this.dialect.randomNumber)
      .limit(take)
      .getRawMany<Pick<UncheckedRow, 'id'>>();
    if (picked.length === 0) return [];
    const rows = await manager
      .createQueryBuilder(UserKey, 'k')
      .select('k.id', 'id')
      .addSelect(this.valueUpTo(longest), 'value')
      .addSelect('k.dataKeyId', 'dataKeyId')
      .where({ id: In(picked.map(({ id }) => id)) })
      .getRawMany<Pick<UserKey, 'id' | 'value' | 'dataKeyId'>>();
    return rows.flatMap((row) => storedUserKey(row) ?? []);
  }

  /**
   * The rows behind an id, in the order of ids as the database has it, at most `take`: to go through all of them. The
   * id is that of the row; a row whose id is no GUID has no key.
   */
  async after(manager: EntityManager, id: string | undefined, take: number): Promise<ListedUserKey[]> {
    const rows = await manager.find(UserKey, {
      select: { id: true, value: true, dataKeyId: true },
      where: id === undefined ? {} : { id: MoreThan(id) },
      order: { id: 'ASC' },
      take,
    });
    return rows.map((row) => ({ id: row.id, key: storedUserKey(row) }));
  }

  /** When a member was last served a key; undefined where no date is kept. */
  async lastAccess(manager: EntityManager): Promise<Date | undefined> {
    const row = await manager
      .createQueryBuilder(UserKey, 'k')
      .select('MAX(k.lastAccessDate)', 'last')
      .getRawOne<{ last: unknown }>();
    return timeOf(row?.last);
  }

  /** How many members have a value that begins so. The prefix holds neither `%` nor `_`. */
  countWithPrefix(manager: EntityManager, prefix: string): Promise<number> {
    return manager.countBy(UserKey, { value: Like(`${prefix}%`) });
  }

  /** The rows of those members that have one; a GUID is found in either case. */
  async find(manager: EntityManager, ids: readonly UserId[]): Promise<Map<UserId, DatedUserKey>> {
    const found = new Map<UserId, DatedUserKey>();
    for (const batch of batches(ids)) {
      const spellings = [...new Set(batch.flatMap((id) => [this.dialect.idText(id), id]))];
      // As the driver gives them: a column that holds no time must not fail the other members' rows.
      const rows = await manager
        .createQueryBuilder(UserKey, 'k')
        .select('k.id', 'id')
        .addSelect('k.value', 'value')
        .addSelect('k.dataKeyId', 'dataKeyId')
        .addSelect('k.creationDate', 'created')
        .addSelect('k.revisionDate', 'revised')
        .where({ id: In(spellings) })
        .getRawMany<Pick<UserKey, 'id' | 'value' | 'dataKeyId'> & { created: unknown; revised: unknown }>();
      for (const row of rows) {
        const stored = storedUserKey(row);
        if (stored !== undefined) found.set(stored.id, { ...stored, changed: timeOf(row.revised ?? row.created) });
      }
    }
    return found;
  }

  /**
   * Inserts and never overwrites: a row that is there fails the statement, and with it the transaction. In the order of
   * ids, in which a PUT locks rows: neither can wait for the other.
   */
  async insert(manager: EntityManager, rows: readonly NewUserKey[]): Promise<void> {
    for (const batch of batches(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1)))) {
      await manager
        .createQueryBuilder()
        .insert()
        // By the table's name: the entity's times end at the millisecond.
        .into('UserKeys', ['Id', 'Key', 'DataKeyId', 'CreationDate', 'RevisionDate', 'LastAccessDate'])
        .values(batch.map((row) => this.valuesOf(row)))
        .execute();
    }
  }

  private valueUpTo(longest: number): string {
    return `CASE WHEN ${this.dialect.lengthOf('k.value')} <= ${longest} THEN k.value END`;
  }

  private valuesOf(row: NewUserKey): Record<string, unknown> {
    return {
      Id: this.dialect.idText(row.id),
      Key: row.value,
      DataKeyId: row.dataKeyId,
      CreationDate: this.cut(row.creationDate),
      RevisionDate: row.revisionDate === null ? null : this.cut(row.revisionDate),
      LastAccessDate: row.lastAccessDate === null ? null : this.cut(row.lastAccessDate),
    };
  }

  private cut(time: string): string {
    return time.slice(0, 'yyyy-MM-dd HH:mm:ss.'.length + this.dialect.fractionDigits);
  }
}

/** `undefined` for a row whose id is no GUID: it can be no member's. */
function storedUserKey({
  id,
  value,
  dataKeyId,
}: Pick<UserKey, 'id' | 'value' | 'dataKeyId'>): StoredUserKey | undefined {
  const userId = parseUserId(id);
  return userId && { id: userId, value: value ?? '', dataKeyId };
}

/**
 * A time as a column gives it; undefined for anything else: SQLite keeps what it is given, PostgreSQL knows infinity.
 */
function timeOf(stored: unknown): Date | undefined {
  if (typeof stored !== 'string' && !(stored instanceof Date)) return undefined;
  try {
    const time = fromUtcText(stored);
    return Number.isNaN(time.getTime()) ? undefined : time;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / batchSize);
  return Array.from({ length: count }, (_, index) => items.slice(index * batchSize, (index + 1) * batchSize));
}
