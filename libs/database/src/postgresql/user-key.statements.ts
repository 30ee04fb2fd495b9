import type { UserId } from '@key-connector/common';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type {
  SeenUserKey,
  StoredUserKey,
  SwapTimes,
  UserKeysSeen,
  UserKeyStatements,
  UserKeySwap,
} from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';
import { driverErrorOf } from '../errors/driver-error.js';
import { poolOf } from './pool-options.js';

interface Row {
  readonly Id: UserId;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

interface SeenRow extends Omit<Row, 'Id'> {
  readonly clock: number;
  readonly Id: UserId | null;
  readonly young: boolean | null;
}

/** The rows of the members `$1`, in the table of this name. */
export const findIn = (table: string): string =>
  `SELECT "Id", "Key", "DataKeyId" FROM ${table} WHERE "Id" = ANY($1::uuid[])`;

const lookIn = (table: string): string => `
  SELECT extract(epoch FROM c.now)::float8 * 1000 AS clock, k."Id", k."Key", k."DataKeyId",
    COALESCE(k."RevisionDate", k."CreationDate")
      BETWEEN c.now - make_interval(mins => $2::int) AND c.now + make_interval(mins => $2::int) AS young
  FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now) AS c LEFT JOIN ${table} AS k ON k."Id" = ANY($1::uuid[])`;

/** division_by_zero: what the look at the clock fails with. */
const late = '22012';

/**
 * Two statements in one message are one transaction (PostgreSQL manual, 54.2.2.1), and the first that fails undoes it. A
 * message of several takes no parameters, so what they say stands in it as text.
 */
const swapIn = (table: string, rows: string, expected: string, at: string, deadline: number): string => `
  INSERT INTO ${table} AS k ("Id", "Key", "DataKeyId", "CreationDate")
  SELECT (c ->> 0)::uuid, c ->> 1, (c ->> 2)::int, '${at}'::timestamp
  FROM json_array_elements(${pg.escapeLiteral(rows)}::json) AS c
  ON CONFLICT ("Id") DO UPDATE
  SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"
  WHERE COALESCE(k."Key", '') COLLATE "C" = ${pg.escapeLiteral(expected)}::jsonb ->> k."Id"::text
  RETURNING k."Id";
  SELECT 1 / (extract(epoch FROM clock_timestamp()) * 1000 < ${deadline})::int`;

// Rows are locked in the order of their ids: two replicas that touch the same members cannot deadlock. The array keeps the
// planner from joining, which it would do by reading the whole table.
const touchIn = (table: string): string => `
  UPDATE ${table} SET "LastAccessDate" = $2
  WHERE "Id" = ANY(ARRAY(
    SELECT "Id" FROM ${table}
    WHERE "Id" = ANY($1::uuid[]) AND ("LastAccessDate" IS NULL OR "LastAccessDate" < $2)
    ORDER BY "Id" FOR NO KEY UPDATE
  ))`;

/** Goes straight to the pool; see `poolOf` for why. */
export class PostgresqlUserKeyStatements implements UserKeyStatements {
  readonly maxSwaps = 500;

  /** The table by its schema too: sessions behind a pooler may each have a search path of their own. */
  constructor(
    private readonly source: DataSource,
    private readonly table: () => string,
  ) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const { rows } = await poolOf(this.source).query<Row>(findIn(this.table()), [ids]);
    return rows.map((row) => ({ id: row.Id, value: row.Key ?? '', dataKeyId: row.DataKeyId }));
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    const { rows } = await poolOf(this.source).query<SeenRow>(lookIn(this.table()), [ids, youngMinutes]);
    const seen: SeenUserKey[] = [];
    for (const { Id: id, Key, DataKeyId: dataKeyId, young } of rows) {
      if (id !== null) seen.push({ id, value: Key ?? '', dataKeyId, young: young ?? false });
    }
    // Without a row of UserKeys there is one that holds the clock alone.
    return { clock: rows[0]?.clock ?? 0, rows: seen };
  }

  async swap(swaps: readonly UserKeySwap[], { at, deadline }: SwapTimes): Promise<ReadonlySet<UserId> | 'late'> {
    const rows = swaps.map(({ key: { id, value, dataKeyId } }) => [id, value, dataKeyId]);
    const expected = Object.fromEntries(swaps.map(({ key: { id }, expected: value }) => [id, value]));
    const [changes, values] = [JSON.stringify(rows), JSON.stringify(expected)];
    const text = swapIn(this.table(), changes, values, toUtcText(new Date(at)), deadline);
    try {
      // node-postgres gives a list where a message has several statements.
      const results: unknown = await poolOf(this.source).query(text);
      const [written] = results as readonly pg.QueryResult<Pick<Row, 'Id'>>[];
      return new Set(written?.rows.map((row) => row.Id));
    } catch (error) {
      if (driverErrorOf(error)?.code === late) return 'late';
      throw error;
    }
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    await poolOf(this.source).query(touchIn(this.table()), [ids, toUtcText(at)]);
  }
}
