import { parseUserId, type UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import {
  type Access,
  fenceRows,
  type FoundUserKey,
  lockWait,
  type RingFence,
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
import { poolOf } from './mysql.pool.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
  /** Whether LastAccessDate stands; there only where that was asked. */
  readonly stands?: 0 | 1 | null;
}

interface SeenRow extends Row {
  readonly young: 0 | 1 | null;
  readonly since: number | null;
  readonly kept: number;
}

const microsecondsOf = (time: string): string => `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ${time})`;

/** The time at which its statement began, since 1970. */
const microseconds = microsecondsOf('UTC_TIMESTAMP(6)');

/** Of a member's history; by the index on it, whatever character set the classic table has. */
const ofHistory = (what: string): string =>
  `(SELECT ${what} FROM \`UserKeyHistory\` AS h WHERE h.\`UserId\` = CONVERT(\`UserKeys\`.\`Id\` USING ascii))`;

const lastReplaced = ofHistory('MAX(h.`ReplacedDate`)');

/** The rows of some members. The column's collation does not tell case apart: a GUID is found in either. */
export const find = 'SELECT `Id`, `Key`, `DataKeyId` FROM `UserKeys` WHERE `Id` IN (?)';

const findDated =
  'SELECT `Id`, `Key`, `DataKeyId`, `LastAccessDate` BETWEEN ? AND ? AS stands FROM `UserKeys` WHERE `Id` IN (?)';

// The clock comes last, behind what the rows had to wait for.
const look = `
  SELECT \`Id\`, \`Key\`, \`DataKeyId\`, COALESCE(\`RevisionDate\`, \`CreationDate\`)
    BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MINUTE AND UTC_TIMESTAMP(6) + INTERVAL ? MINUTE AS young,
    ${microsecondsOf(`GREATEST(\`CreationDate\`, COALESCE(${lastReplaced}, \`CreationDate\`))`)} AS since,
    ${ofHistory('COUNT(*)')} AS kept
  FROM \`UserKeys\` WHERE \`Id\` IN (?);
  SELECT ${microseconds} AS clock`;

/** A missing item of a JSON array is NULL in both products; a JSON null is not. Data keys are counted from 0. */
const noDataKey = -1;

/** In the character set of what comes: the column may have been made with another one. */
const present = 'CONVERT(`UserKeys`.`Key` USING utf8mb4)';

// Bytes: the column's collation does not tell case apart.
const asExpected = `CAST(IFNULL(${present}, '') AS BINARY) = CAST(k.expected AS BINARY)`;

// Behind the deadline it adds one to the largest number there is. UTC_TIMESTAMP is when its own statement began;
// SYSDATE would be the time of a replica that runs the statement again, or is the same (`--sysdate-is-now`).
const inTime = `SELECT 18446744073709551615 + (${microseconds} >= ?) AS in_time`;

/**
 * Whether the manifest counts that a fence names: one row when it does; a second one, which fails the statement, when
 * not. One walk along the primary key, of so many rows at most. Signatures are compared byte by byte.
 *
 * A statement of its own, because what an INSERT reads it locks: writes would wait for whoever adds a manifest, and he
 * for them. Its snapshot is the transaction's, and the first thing that is read in it. In a Galera cluster it waits, as
 * every read, until the node has what others acknowledged.
 */
const opens = (passedOver: number): string => {
  const named = Array.from(
    { length: passedOver + 1 },
    () => '(m.`Version` = ? AND CAST(m.`Signature` AS BINARY) = CAST(? AS BINARY))',
  );
  return `
  SELECT (SELECT 1 UNION ALL SELECT 1 FROM (
    SELECT COALESCE(MAX(m.\`Version\` = ?) AND MIN(${named.join(' OR ')}), 0) AS opened FROM (
      SELECT \`Version\`, \`Signature\` FROM \`RingManifests\` WHERE \`Version\` >= ? ORDER BY \`Version\` LIMIT ${fenceRows}
    ) AS m
  ) AS f WHERE f.opened = 0) AS opened`;
};

/** What \`opens\` asks for. */
const fenceValues = ({ version, signature, passedOver }: RingFence): unknown[] => [
  version,
  version,
  signature,
  ...passedOver.flatMap((one) => [one.version, one.signature]),
  version,
];

/** ER_SUBQUERY_NO_1_ROW: what a fence fails with. */
const fenced = 1242;

/**
 * One message, which the server runs to its end or to the first error, whoever still listens; after an error nothing is
 * committed. The first look at the clock spares a message that comes late the locks, the second one counts.
 *
 * Written is what the rows hold behind the COMMIT: a Galera node that rolled the transaction back, while its cluster
 * lost another node, goes on with the message and reports no error of a COMMIT that is not its last statement.
 *
 * The shorter wait for rows is the session's until the end of the message. Where that is not reached, a lock may be
 * why, and the connection goes; otherwise what follows in it waits as shortly until the next swap. Not at the
 * beginning: ProxySQL would take the whole message for a SET.
 */
const message = (fence: string, write: string): string => `
  ${inTime};
  SET SESSION innodb_lock_wait_timeout = ?;
  START TRANSACTION;
  ${fence};
  ${write}
  ${inTime};
  COMMIT AND NO CHAIN NO RELEASE;
  ${find};
  SET SESSION innodb_lock_wait_timeout = @@SESSION.lock_wait_timeout`;

/** What is written, as a table. */
const changes = `
  JSON_TABLE(?, '$[*]' COLUMNS (
    id char(36) CHARACTER SET ascii PATH '$[0]',
    value longtext CHARACTER SET utf8mb4 PATH '$[1]',
    data_key int PATH '$[2]',
    expected longtext CHARACTER SET utf8mb4 PATH '$[3]' NULL ON EMPTY)) AS k`;

/**
 * The changes come from a table that can be named in both halves: MySQL has deprecated VALUES(), and MariaDB does not
 * know the row alias. `Key` is set last, since the lines above it compare it.
 */
const swap = (keep: string): string => `
  INSERT INTO \`UserKeys\` (\`Id\`, \`Key\`, \`DataKeyId\`, \`CreationDate\`)
  SELECT k.id, k.value, NULLIF(k.data_key, ${noDataKey}), ? FROM ${changes}
  ON DUPLICATE KEY UPDATE
    \`RevisionDate\` = IF(${asExpected}, ?, \`RevisionDate\`),
    \`DataKeyId\` = IF(${asExpected}, NULLIF(k.data_key, ${noDataKey}), \`DataKeyId\`),
    \`Key\` = IF(${asExpected}, k.value, ${present});
  ${keep}`;

// `Key` is set last: MySQL reads what stands to its left as it was set.
const reseal = `
  UPDATE ${changes} JOIN \`UserKeys\` ON \`UserKeys\`.\`Id\` = k.id
  SET \`DataKeyId\` = NULLIF(k.data_key, ${noDataKey}), \`Key\` = k.value WHERE ${asExpected};`;

/**
 * Behind the swap, where its transaction has the row: what stood there goes into the history where the row now holds
 * the new value, and has not just been made. What is compared is written out, so that no collation keeps it from the
 * index.
 */
const keepOne = `
  SELECT ?, ?, ?, ?, ?, ? FROM \`UserKeys\`
  WHERE \`Id\` = ? AND \`RevisionDate\` IS NOT NULL AND CAST(${present} AS BINARY) = CAST(? AS BINARY)`;

const keep = (rows: number, expendable: number): string =>
  (rows === 0
    ? ''
    : `INSERT INTO \`UserKeyHistory\` (\`UserId\`, \`Key\`, \`DataKeyId\`, \`CreationDate\`, \`ReplacedDate\`, \`Cause\`)
      ${Array.from({ length: rows }, () => keepOne).join(' UNION ALL ')};`) +
  (expendable === 0 ? '' : 'DELETE FROM `UserKeyHistory` WHERE `Id` IN (?);');

/** ER_DATA_OUT_OF_RANGE: what the look at the clock fails with. */
const late = 1690;

// By the primary key, whatever the optimizer thinks: rows are locked in its order, so replicas that touch the same
// members cannot deadlock.
const touch = `
  UPDATE \`UserKeys\` FORCE INDEX (PRIMARY) SET \`LastAccessDate\` = ?
  WHERE \`Id\` IN (?) AND (\`LastAccessDate\` BETWEEN ? AND ?) IS NOT TRUE`;

/** Plain statements, not prepared ones: these would tie a session of a pooler such as ProxySQL or RDS Proxy to us. */
export class MysqlUserKeyStatements implements UserKeyStatements {
  readonly maxSwaps = 500;
  readonly maxTouched = 128;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[], access?: Access): Promise<FoundUserKey[]> {
    const [text, dates] = access === undefined ? [find, []] : [findDated, standingDates(access).map(toMicroseconds)];
    const rows = await poolOf(this.source).runRead<Row[]>(text, [...dates, ids]);
    return rows.flatMap((row) => stored(row) ?? []);
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    const values = [youngMinutes, youngMinutes, ids];
    const [rows, [told]] = await poolOf(this.source).run<[SeenRow[], [{ clock: number }]]>(look, values);
    const seen = rows.flatMap((row) => {
      const key = stored(row);
      const since = row.since === null ? null : row.since / 1000;
      return key === undefined ? [] : [{ ...key, young: row.young === 1, since, kept: row.kept }];
    });
    return { clock: told.clock / 1000, rows: seen };
  }

  swap(
    swaps: readonly UserKeySwap[],
    { at, deadline }: SwapTimes,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const time = toMicroseconds(new Date(at));
    const rows = swaps.map(({ key: { id, value, dataKeyId }, expected }) => {
      const row = [id, value, dataKeyId ?? noDataKey];
      return expected === undefined ? row : [...row, expected];
    });
    const kept = keptRows(swaps, time);
    const expendable = swaps.flatMap((one) => one.kept?.expendable ?? []);
    const values = [time, JSON.stringify(rows), time, ...kept.flat(), ...(expendable.length === 0 ? [] : [expendable])];
    return this.change(swaps, { write: swap(keep(kept.length, expendable.length)), values }, deadline, fence);
  }

  reseal(
    reseals: readonly UserKeyReseal[],
    deadline: number,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const rows = reseals.map(({ key: { id, value, dataKeyId }, expected }) => [
      id,
      value,
      dataKeyId ?? noDataKey,
      expected,
    ]);
    return this.change(reseals, { write: reseal, values: [JSON.stringify(rows)] }, deadline, fence);
  }

  private async change(
    changed: readonly { readonly key: StoredUserKey }[],
    { write, values }: { readonly write: string; readonly values: readonly unknown[] },
    deadline: number,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const ids = changed.map(({ key: { id } }) => id);
    const until = Math.floor(deadline * 1000);
    const pool = poolOf(this.source);
    const seconds = Math.ceil(lockWait(pool.statementSeconds * 1000) / 1000);
    const text = message(opens(fence.passedOver.length), write);
    try {
      const all = [until, seconds, ...fenceValues(fence), ...values, until, ids];
      const results = await pool.runTransaction<unknown[]>(text, all);
      // The one before the last: how many there are, depends on what is kept.
      return writtenOf(changed, results.at(-2) as Row[]);
    } catch (error) {
      const { errno } = driverErrorOf(error) ?? {};
      if (errno === late) return 'late';
      if (errno === fenced) return 'fenced';
      throw error;
    }
  }

  async touch(ids: readonly UserId[], access: Access): Promise<void> {
    await poolOf(this.source).run(touch, [
      toMicroseconds(access.at),
      ids,
      ...standingDates(access).map(toMicroseconds),
    ]);
  }
}

function stored({ Id, Key, DataKeyId: dataKeyId, stands }: Row): FoundUserKey | undefined {
  const id = parseUserId(Id);
  if (id === undefined) return undefined;
  const key = { id, value: Key ?? '', dataKeyId };
  return stands === undefined ? key : { ...key, dateStands: stands === 1 };
}

/**
 * Whose row holds what the swap brought: no other one brings the same, since every sealed value is made with random
 * bytes. What another one has replaced already is told as not written, and looked at again.
 */
function writtenOf(changed: readonly { readonly key: StoredUserKey }[], rows: readonly Row[]): ReadonlySet<UserId> {
  const values = new Map(rows.map(({ Id, Key }) => [parseUserId(Id), Key]));
  return new Set(changed.flatMap(({ key: { id, value } }) => (values.get(id) === value ? [id] : [])));
}

/** What `keepOne` asks for, for each row of the history. */
function keptRows(swaps: readonly UserKeySwap[], time: string): unknown[][] {
  return swaps.flatMap(({ key: { id, value }, expected, kept }) => {
    if (kept === undefined || expected === undefined) return [];
    const { dataKeyId, since, cause } = kept;
    return [[id, expected, dataKeyId, toMicroseconds(new Date(since)), time, cause, id, value]];
  });
}

/** datetime(6) takes six digits. */
const toMicroseconds = (time: Date): string => toUtcText(time).slice(0, -1);
