import { parseUserId, type UserId } from '@key-connector/common';
import type { EntityManager } from 'typeorm';

/** The tables that hold members' sealed keys: what is served, and what was replaced. */
export type SealedTable = 'UserKeys' | 'UserKeyHistory';

/**
 * Both, in the order in which a run goes through them: what is replaced meanwhile moves from the first to the second.
 */
export const sealedTables: readonly SealedTable[] = ['UserKeys', 'UserKeyHistory'];

/** How values are told apart by the data key that opens them; prefixes hold neither `%` nor `_`. */
export interface ValuesOf {
  /** `null`: of all values in the classic layout, whose column holds none; only `unlike` counts then. */
  readonly dataKeyId: number | null;
  /** What each value under it begins with. */
  readonly prefix?: string | undefined;
  /** For the data key of a classic deployment: what no value under it begins with, but for those with `prefix`. */
  readonly unlike?: string | undefined;
}

/** A sealed value, wherever it stands. */
export interface SealedRow {
  /** The row's key in its table, as the database has it: a GUID in any spelling, or a number. */
  readonly row: string | number;
  /** `undefined` where the column holds no GUID: nobody's value. */
  readonly userId: UserId | undefined;
  /** `''` where there is none. */
  readonly value: string;
  readonly dataKeyId: number | null;
}

interface RawRow {
  readonly row: string | number;
  readonly userId: unknown;
  readonly value: string | null;
  readonly dataKeyId: number | null;
}

/** Where a page begins, and how many rows it has at most. */
export interface Page {
  /** The last row of the page before; `undefined` for the first. */
  readonly after: SealedRow['row'] | undefined;
  readonly take: number;
}

/**
 * What is asked of all sealed values at once, for operators: reads whole tables, page by page in the order of their
 * keys. Takes the manager that `Database.snapshot`, `read` or `lock` hands out.
 */
export class SealedValues {
  /** Values that need a data key, in both tables: by what they begin with, and by what their column says. */
  async countNeeding(manager: EntityManager, of: ValuesOf): Promise<number> {
    let count = 0;
    for (const table of sealedTables) count += await this.count(manager, table, needing(manager, of), of);
    return count;
  }

  /**
   * Values of a table that are not under a data key, or do not say so in their column. A row without a value counts
   * where its column says that it needs another one.
   */
  countNotUnder(manager: EntityManager, table: SealedTable, of: ValuesOf): Promise<number> {
    return this.count(manager, table, notUnder(manager, of), of);
  }

  /** The next of them. */
  pageNotUnder(manager: EntityManager, table: SealedTable, of: ValuesOf, page: Page): Promise<SealedRow[]> {
    return this.page(manager, table, page, notUnder(manager, of), of);
  }

  /** Values of members whose column says that they are bound and whose text does not, or the other way round. */
  countMisfits(manager: EntityManager, prefix: string): Promise<number> {
    const column = columnsOf(manager);
    const [key, id] = [column('Key'), column('DataKeyId')];
    const condition = `((${key} LIKE :prefix AND ${id} IS NULL) OR (${key} NOT LIKE :prefix AND ${id} IS NOT NULL))`;
    return this.count(manager, 'UserKeys', condition, { prefix });
  }

  /** All values of a table. */
  countAll(manager: EntityManager, table: SealedTable): Promise<number> {
    return this.count(manager, table, '1 = 1', {});
  }

  /** The next of all values. */
  async page(
    manager: EntityManager,
    table: SealedTable,
    { after, take }: Page,
    condition = holdsValue(manager),
    of: Partial<ValuesOf> = {},
  ): Promise<SealedRow[]> {
    const column = columnsOf(manager);
    const query = manager
      .createQueryBuilder()
      .select(column('Id'), 'row')
      .addSelect(column(table === 'UserKeys' ? 'Id' : 'UserId'), 'userId')
      .addSelect(column('Key'), 'value')
      .addSelect(column('DataKeyId'), 'dataKeyId')
      .from(table, 'v')
      .where(condition, parametersOf(of));
    if (after !== undefined) query.andWhere(`${column('Id')} > :after`, { after });
    const rows = await query.orderBy(column('Id'), 'ASC').limit(take).getRawMany<RawRow>();
    return rows.map(({ row, userId, value, dataKeyId }) => ({
      row,
      userId: typeof userId === 'string' ? parseUserId(userId) : undefined,
      value: value ?? '',
      dataKeyId,
    }));
  }

  private async count(
    manager: EntityManager,
    table: SealedTable,
    condition: string,
    of: Partial<ValuesOf>,
  ): Promise<number> {
    const row = await manager
      .createQueryBuilder()
      .select('COUNT(*)', 'count')
      .from(table, 'v')
      .where(condition, parametersOf(of))
      .getRawOne<{ count: number | string }>();
    return Number(row?.count ?? 0);
  }
}

/** A column as the database has it quoted: these tables are asked by name, whatever the types of their columns are. */
const columnsOf =
  (manager: EntityManager) =>
  (name: string): string =>
    `v.${manager.dataSource.driver.escape(name)}`;

const parametersOf = ({ prefix = '', unlike = '', dataKeyId }: Partial<ValuesOf>): Record<string, unknown> => ({
  prefix: `${prefix}%`,
  unlike: `${unlike}%`,
  dataKeyId,
});

/** By the header or by the column: who writes the database can part them. */
function needing(manager: EntityManager, { unlike }: ValuesOf): string {
  const column = columnsOf(manager);
  const classic = unlike === undefined ? '' : ` OR ${column('Key')} NOT LIKE :unlike`;
  return `(${column('Key')} LIKE :prefix OR ${column('DataKeyId')} = :dataKeyId${classic})`;
}

function notUnder(manager: EntityManager, { dataKeyId }: ValuesOf): string {
  const column = columnsOf(manager);
  const [key, id] = [column('Key'), column('DataKeyId')];
  if (dataKeyId === null) return `(${key} LIKE :unlike OR ${id} IS NOT NULL)`;
  const unfit = `${key} NOT LIKE :prefix OR ${id} IS NULL OR ${id} <> :dataKeyId`;
  return `(${holdsValue(manager)} OR ${id} IS NOT NULL) AND (${unfit})`;
}

const holdsValue = (manager: EntityManager): string => `${columnsOf(manager)('Key')} IS NOT NULL`;
