import type { UserId } from '@key-connector/common';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  lockWait,
  type SeenUserKey,
  type StoredUserKey,
  type SwapTimes,
  type UserKeysSeen,
  type UserKeyStatements,
  type UserKeySwap,
} from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';
import { driverErrorOf } from '../errors/driver-error.js';
import { poolOf } from './pool-options.js';

// Rows come as the objects that callers get.
const columns = `"Id" AS id, COALESCE("Key", '') AS value, "DataKeyId" AS "dataKeyId"`;

/** The rows of the members `$1`, in the table of this name. */
export const findIn = (table: string): string => `SELECT ${columns} FROM ${table} WHERE "Id" = ANY($1::uuid[])`;

/** The clock comes last, behind what the rows had to wait for. Ids are hexadecimal digits and dashes. */
const lookIn = (table: string, ids: readonly UserId[], youngMinutes: number): string => `
  SELECT ${columns}, COALESCE(COALESCE("RevisionDate", "CreationDate") BETWEEN
    ((now() - interval '${youngMinutes} min') AT TIME ZONE 'UTC') AND
    ((now() + interval '${youngMinutes} min') AT TIME ZONE 'UTC'), false) AS young
  FROM ${table} WHERE "Id" = ANY('${arrayOf(ids)}');
  SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS clock`;

/** division_by_zero: what the look at the clock fails with. */
const late = '22012';

/**
 * A commit of this transaction waits for the server's disk, whatever role, database or server say; one that waits for standbys
 * too, or for them to apply it, still does.
 */
export const durableCommit = `
  set_config('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), true)`;

/**
 * Three statements in one message are one transaction (PostgreSQL manual, 54.2.2.1), and the first that fails undoes it. A
 * message of several takes no parameters, so what they say stands in it as text. What each row must hold is told as a list of
 * ids with their values, because an upsert sees nothing of its source but the new row.
 */
function swapIn(table: string, swaps: readonly UserKeySwap[], at: string, deadline: number, wait: number): string {
  const keys = swaps.map(({ key }) => key);
  const expected = swaps.flatMap(({ key, expected: value }) => (value === undefined ? [] : [key.id + value]));
  return `
  SELECT set_config('lock_timeout', '${wait}', true), ${durableCommit};
  INSERT INTO ${table} AS k ("Id", "Key", "DataKeyId", "CreationDate")
  SELECT id, value, data_key_id, '${at}'::timestamp FROM unnest(
    '${arrayOf(keys.map(({ id }) => id))}'::uuid[],
    ${textArray(keys.map(({ value }) => value))}::text[],
    '${arrayOf(keys.map(({ dataKeyId }) => dataKeyId ?? 'NULL'))}'::int[]
  ) AS c (id, value, data_key_id)
  ON CONFLICT ("Id") DO UPDATE
  SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"
  WHERE k."Id"::text || COALESCE(k."Key", '') COLLATE "C" = ANY(${textArray(expected)}::text[])
  RETURNING k."Id" AS id;
  SELECT 1 / (extract(epoch FROM clock_timestamp()) * 1000 < ${deadline})::int`;
}

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
    return (await poolOf(this.source).query<StoredUserKey>(findIn(this.table()), [arrayOf(ids)])).rows;
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    type Results = [pg.QueryResult<SeenUserKey>, pg.QueryResult<{ clock: number }>];
    const [seen, told] = await this.runAll<Results>(lookIn(this.table(), ids, youngMinutes));
    return { clock: told.rows[0]?.clock ?? 0, rows: seen.rows };
  }

  async swap(swaps: readonly UserKeySwap[], { at, deadline }: SwapTimes): Promise<ReadonlySet<UserId> | 'late'> {
    try {
      const { statement_timeout: limit } = poolOf(this.source).options;
      const text = swapIn(this.table(), swaps, toUtcText(new Date(at)), deadline, lockWait(Number(limit)));
      const [, written] = await this.runAll<[unknown, pg.QueryResult<Pick<StoredUserKey, 'id'>>]>(text);
      return new Set(written.rows.map(({ id }) => id));
    } catch (error) {
      if (driverErrorOf(error)?.code === late) return 'late';
      throw error;
    }
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    await poolOf(this.source).query(touchIn(this.table()), [arrayOf(ids), toUtcText(at)]);
  }

  /** Runs the statements of a message. */
  private async runAll<Results>(text: string): Promise<Results> {
    // node-postgres gives a list for them, which its types do not know.
    return (await poolOf(this.source).query(text)) as Results;
  }
}

/** An array of what needs no quotes: node-postgres would look at each item for what must be escaped. */
const arrayOf = (items: readonly (string | number)[]): string => `{${items.join(',')}}`;

/** An array of any texts, as a literal. */
function textArray(texts: readonly string[]): string {
  const array = arrayOf(texts.map((text) => `"${quoted.test(text) ? text.replaceAll(quoteds, '\\$&') : text}"`));
  // node-postgres goes through it letter by letter.
  return /['\\]/.test(array) ? pg.escapeLiteral(array) : `'${array}'`;
}

/** What a backslash stands before in a quoted item of an array. */
const quoted = /["\\]/;
const quoteds = /["\\]/g;
