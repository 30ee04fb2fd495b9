import { createHash } from 'node:crypto';
import type { UserId } from '@key-connector/common';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  type Access,
  fenceRows,
  type FoundUserKey,
  lockWait,
  type RingFence,
  type SeenUserKey,
  standingDates,
  type StoredUserKey,
  type SwapRefusal,
  type SwapTimes,
  type UserKeyReseal,
  type UserKeysSeen,
  type UserKeyStatements,
  type UserKeySwap,
} from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';
import { driverErrorOf } from '../errors/driver-error.js';
import { poolOf } from './pool-options.js';

// Rows come as the objects that callers get.
const columns = `"Id" AS id, COALESCE("Key", '') AS value, "DataKeyId" AS "dataKeyId"`;

/**
 * The tables that a statement names, each by its schema too: sessions behind a pooler may each have a search path of
 * their own.
 */
export interface Tables {
  readonly members: string;
  readonly history: string;
  readonly manifests: string;
}

/** The rows of the members `$1`, in the table of this name. */
export const findIn = (table: string): string => `SELECT ${columns} FROM ${table} WHERE "Id" = ANY($1::uuid[])`;

/** The same, and whether the date stands that is from `$2` until `$3`: a byte, where a time would have to be parsed. */
const datedColumns = `${columns}, COALESCE("LastAccessDate" BETWEEN $2 AND $3, false) AS "dateStands"`;

/** Those of several members `$1`, or of one. */
const findFor = (table: string, members: 'several' | 'one', dated: boolean): string => `
  SELECT ${dated ? datedColumns : columns} FROM ${table}
  WHERE "Id" = ${members === 'one' ? '$1::uuid' : 'ANY($1::uuid[])'}`;

/** The clock comes last, behind what the rows had to wait for. Ids are hexadecimal digits and dashes. */
const lookIn = ({ members, history }: Tables, ids: readonly UserId[], youngMinutes: number): string => `
  SELECT ${columns}, COALESCE(COALESCE("RevisionDate", "CreationDate") BETWEEN
    ((now() - interval '${youngMinutes} min') AT TIME ZONE 'UTC') AND
    ((now() + interval '${youngMinutes} min') AT TIME ZONE 'UTC'), false) AS young,
    extract(epoch FROM GREATEST("CreationDate", h.replaced))::float8 * 1000 AS since, h.kept
  FROM ${members} AS k LEFT JOIN LATERAL
    (SELECT count(*)::int AS kept, max("ReplacedDate") AS replaced FROM ${history} WHERE "UserId" = k."Id") AS h ON true
  WHERE "Id" = ANY('${arrayOf(ids)}');
  SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS clock`;

/** division_by_zero: what the look at the clock fails with. */
const late = '22012';

/**
 * A commit of this transaction waits for the server's disk, whatever role, database or server say; one that waits for
 * standbys too, or for them to apply it, still does.
 */
export const durableCommit = `
  set_config('synchronous_commit', coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), true)`;

/**
 * Whether the manifest counts that a fence names. One walk along the primary key, of so many rows at most, whatever
 * somebody has put above. Signatures are compared byte by byte.
 */
function opensIn(table: string, fence: RingFence): string {
  const named = [fence, ...fence.passedOver].map(
    ({ version, signature }) => `"Version" = ${version} AND "Signature" COLLATE "C" = ${pg.escapeLiteral(signature)}`,
  );
  return `
    SELECT COALESCE(bool_or("Version" = ${fence.version}) AND bool_and(${named.join(' OR ')}), false) AS open FROM (
      SELECT "Version", "Signature" FROM ${table} WHERE "Version" >= ${fence.version} ORDER BY "Version" LIMIT ${fenceRows}
    ) AS m`;
}

/**
 * Three statements in one message are one transaction (PostgreSQL manual, 54.2.2.1), and the first that fails undoes
 * it. A message of several takes no parameters, so what they say stands in it as text. What each row must hold is told
 * as a list of ids with their values, because an upsert sees nothing of its source but the new row.
 *
 * The parts of the second one have one snapshot, and those that name another one run behind it: the fence holds for
 * every row that is written, and what is kept is what was replaced. RevisionDate tells a row that was replaced from one
 * that is new.
 */
function swapIn(
  tables: Tables,
  swaps: readonly UserKeySwap[],
  { at, deadline, wait }: { readonly at: string; readonly deadline: number; readonly wait: number },
  fence: RingFence,
): string {
  const expected = swaps.flatMap(({ key, expected: value }) => (value === undefined ? [] : [key.id + value]));
  const written = `
    INSERT INTO ${tables.members} AS k ("Id", "Key", "DataKeyId", "CreationDate")
    SELECT id, value, data_key_id, '${at}'::timestamp FROM unnest(${columnsOf(swaps)}) AS c (id, value, data_key_id)
    WHERE (SELECT open FROM fence)
    ON CONFLICT ("Id") DO UPDATE
    SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"
    WHERE k."Id"::text || COALESCE(k."Key", '') COLLATE "C" = ANY(${textArray(expected)}::text[])
    RETURNING k."Id" AS id, k."RevisionDate" IS NOT NULL AS replaced`;
  return messageOf(opensIn(tables.manifests, fence), `${written})${keepIn(tables.history, swaps, at)}`, {
    deadline,
    wait,
  });
}

/** The same that leaves the dates alone, and makes no row. */
function resealIn(
  tables: Tables,
  reseals: readonly UserKeyReseal[],
  times: { readonly deadline: number; readonly wait: number },
  fence: RingFence,
): string {
  const written = `
    UPDATE ${tables.members} AS k SET "Key" = c.value, "DataKeyId" = c.data_key_id
    FROM unnest(${columnsOf(reseals)}, ${textArray(reseals.map(({ expected }) => expected))}::text[])
      AS c (id, value, data_key_id, expected)
    WHERE k."Id" = c.id AND k."Key" COLLATE "C" = c.expected AND (SELECT open FROM fence)
    RETURNING k."Id" AS id`;
  return messageOf(opensIn(tables.manifests, fence), `${written})`, times);
}

/** What is written, as arrays of one length: ids, values, data keys. */
const columnsOf = (changes: readonly { readonly key: StoredUserKey }[]): string => `
  '${arrayOf(changes.map(({ key }) => key.id))}'::uuid[],
  ${textArray(changes.map(({ key }) => key.value))}::text[],
  '${arrayOf(changes.map(({ key }) => key.dataKeyId ?? 'NULL'))}'::int[]`;

const messageOf = (
  fence: string,
  written: string,
  { deadline, wait }: { readonly deadline: number; readonly wait: number },
): string => `
  SELECT set_config('lock_timeout', '${wait}', true), ${durableCommit};
  WITH fence AS (${fence}), written AS (${written}
  SELECT fence.open, written.id FROM fence LEFT JOIN written ON true;
  SELECT 1 / (extract(epoch FROM clock_timestamp()) * 1000 < ${deadline})::int`;

/** Parts of a swap that put what it replaces into the history, and take out what makes room. */
function keepIn(table: string, swaps: readonly UserKeySwap[], at: string): string {
  const kept = swaps.flatMap(({ key: { id }, expected, kept: of }) =>
    of === undefined || expected === undefined ? [] : [{ id, value: expected, ...of }],
  );
  const expendable = kept.flatMap((one) => one.expendable);
  if (kept.length === 0) return '';
  return `, kept AS (
    INSERT INTO ${table} ("UserId", "Key", "DataKeyId", "CreationDate", "ReplacedDate", "Cause")
    SELECT h.id, h.value, h.data_key_id, h.since, '${at}'::timestamp, h.cause FROM unnest(
      '${arrayOf(kept.map(({ id }) => id))}'::uuid[],
      ${textArray(kept.map(({ value }) => value))}::text[],
      '${arrayOf(kept.map(({ dataKeyId }) => dataKeyId ?? 'NULL'))}'::int[],
      ${textArray(kept.map(({ since }) => toUtcText(new Date(since))))}::timestamp[],
      ${textArray(kept.map(({ cause }) => cause))}::text[]
    ) AS h (id, value, data_key_id, since, cause)
    JOIN written ON written.id = h.id AND written.replaced
  )${expendable.length === 0 ? '' : `, gone AS (DELETE FROM ${table} WHERE "Id" = ANY('${arrayOf(expendable)}'))`}`;
}

// Rows are locked in the order of their ids: two replicas that touch the same members cannot deadlock. The array keeps
// the planner from joining, which it would do by reading the whole table.
const touchIn = (table: string): string => `
  UPDATE ${table} SET "LastAccessDate" = $2
  WHERE "Id" = ANY(ARRAY(
    SELECT "Id" FROM ${table}
    WHERE "Id" = ANY($1::uuid[]) AND ("LastAccessDate" BETWEEN $3 AND $4) IS NOT TRUE
    ORDER BY "Id" FOR NO KEY UPDATE
  ))`;

/** The sessions of a pool, as statements need to know them. */
interface Sessions {
  readonly tables: Tables;
  /** Whether each connection has one of its own, which keeps what is prepared. */
  readonly areOwn: boolean;
  /** What was prepared was not kept. */
  areShared(): void;
}

/**
 * What a prepared statement fails with that is not there, was there before, or whose columns have changed since
 * (invalid_sql_statement_name, duplicate_prepared_statement, feature_not_supported).
 */
const notPrepared: ReadonlySet<string> = new Set(['26000', '42P05', '0A000']);

const names = new Map<string, string>();

/** The name of a prepared statement: of this text and no other, whoever else shares the session. */
function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `key_connector_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  names.set(text, name);
  return name;
}

/** Goes straight to the pool; see `poolOf` for why. */
export class PostgresqlUserKeyStatements implements UserKeyStatements {
  readonly maxSwaps = 500;
  readonly maxTouched = 128;

  constructor(
    private readonly source: DataSource,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Prepared where a session keeps it: at low load, parsing and planning is most of what the server does for a read.
   */
  async find(ids: readonly UserId[], access?: Access): Promise<FoundUserKey[]> {
    const [only] = ids.length === 1 ? ids : [];
    const text = findFor(this.sessions.tables.members, only === undefined ? 'several' : 'one', access !== undefined);
    const values = [only ?? arrayOf(ids), ...(access === undefined ? [] : standingDates(access).map(toUtcText))];
    const pool = poolOf(this.source);
    if (this.sessions.areOwn) {
      try {
        return (await pool.query<FoundUserKey>({ name: nameOf(text), text, values })).rows;
      } catch (error) {
        if (!notPrepared.has(String(driverErrorOf(error)?.code))) throw error;
        this.sessions.areShared();
      }
    }
    return (await pool.query<FoundUserKey>(text, values)).rows;
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    type Results = [pg.QueryResult<SeenUserKey>, pg.QueryResult<{ clock: number }>];
    const [seen, told] = await this.runAll<Results>(lookIn(this.sessions.tables, ids, youngMinutes));
    return { clock: told.rows[0]?.clock ?? 0, rows: seen.rows };
  }

  async swap(
    swaps: readonly UserKeySwap[],
    { at, deadline }: SwapTimes,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const times = { at: toUtcText(new Date(at)), deadline, wait: this.lockWait };
    return this.change(swapIn(this.sessions.tables, swaps, times, fence));
  }

  reseal(
    reseals: readonly UserKeyReseal[],
    deadline: number,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    return this.change(resealIn(this.sessions.tables, reseals, { deadline, wait: this.lockWait }, fence));
  }

  async touch(ids: readonly UserId[], access: Access): Promise<void> {
    const values = [arrayOf(ids), toUtcText(access.at), ...standingDates(access).map(toUtcText)];
    await poolOf(this.source).query(touchIn(this.sessions.tables.members), values);
  }

  private get lockWait(): number {
    return lockWait(Number(poolOf(this.source).options.statement_timeout));
  }

  private async change(text: string): Promise<ReadonlySet<UserId> | SwapRefusal> {
    try {
      // A row by itself where nothing was written.
      const [, { rows }] = await this.runAll<[unknown, pg.QueryResult<{ open: boolean; id: UserId | null }>]>(text);
      if (rows[0]?.open !== true) return 'fenced';
      return new Set(rows.flatMap(({ id }) => id ?? []));
    } catch (error) {
      if (driverErrorOf(error)?.code === late) return 'late';
      throw error;
    }
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
