import { parseUserId, type UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import {
  lockWait,
  type StoredUserKey,
  type SwapTimes,
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
}

interface SeenRow extends Row {
  readonly young: 0 | 1 | null;
}

/** The time at which its statement began, since 1970. */
const microseconds = `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))`;

/** The rows of some members. The column's collation does not tell case apart: a GUID is found in either. */
export const find = 'SELECT `Id`, `Key`, `DataKeyId` FROM `UserKeys` WHERE `Id` IN (?)';

// The clock comes last, behind what the rows had to wait for.
const look = `
  SELECT \`Id\`, \`Key\`, \`DataKeyId\`, COALESCE(\`RevisionDate\`, \`CreationDate\`)
    BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MINUTE AND UTC_TIMESTAMP(6) + INTERVAL ? MINUTE AS young
  FROM \`UserKeys\` WHERE \`Id\` IN (?);
  SELECT ${microseconds} AS clock`;

/** A missing item of a JSON array is NULL in both products; a JSON null is not. Data keys are counted from 0. */
const noDataKey = -1;

/** In the character set of what comes: the column may have been made with another one. */
const present = 'CONVERT(`UserKeys`.`Key` USING utf8mb4)';

// Bytes: the column's collation does not tell case apart.
const asExpected = `CAST(IFNULL(${present}, '') AS BINARY) = CAST(k.expected AS BINARY)`;

// Behind the deadline it adds one to the largest number there is. UTC_TIMESTAMP is when its own statement began; SYSDATE would
// be the time of a replica that runs the statement again, or is the same (`--sysdate-is-now`).
const inTime = `SELECT 18446744073709551615 + (${microseconds} >= ?) AS in_time`;

/**
 * One message, which the server runs to its end or to the first error, whoever still listens; after an error nothing is
 * committed. The first look at the clock spares a message that comes late the locks, the second one counts.
 *
 * Written is what the rows hold behind the COMMIT: a Galera node that rolled the transaction back, while its cluster lost
 * another node, goes on with the message and reports no error of a COMMIT that is not its last statement.
 *
 * The changes come from a table that can be named in both halves: MySQL has deprecated VALUES(), and MariaDB does not know
 * the row alias. `Key` is set last, since the lines above it compare it.
 *
 * The shorter wait for rows is the session's until the end of the message. Where that is not reached, a lock may be why, and
 * the connection goes; otherwise what follows in it waits as shortly until the next swap. Not at the beginning: ProxySQL would
 * take the whole message for a SET.
 */
const swap = `
  ${inTime};
  SET SESSION innodb_lock_wait_timeout = ?;
  START TRANSACTION;
  INSERT INTO \`UserKeys\` (\`Id\`, \`Key\`, \`DataKeyId\`, \`CreationDate\`)
  SELECT k.id, k.value, NULLIF(k.data_key, ${noDataKey}), ? FROM JSON_TABLE(?, '$[*]' COLUMNS (
    id char(36) PATH '$[0]',
    value longtext CHARACTER SET utf8mb4 PATH '$[1]',
    data_key int PATH '$[2]',
    expected longtext CHARACTER SET utf8mb4 PATH '$[3]' NULL ON EMPTY)) AS k
  ON DUPLICATE KEY UPDATE
    \`RevisionDate\` = IF(${asExpected}, ?, \`RevisionDate\`),
    \`DataKeyId\` = IF(${asExpected}, NULLIF(k.data_key, ${noDataKey}), \`DataKeyId\`),
    \`Key\` = IF(${asExpected}, k.value, ${present});
  ${inTime};
  COMMIT AND NO CHAIN NO RELEASE;
  ${find};
  SET SESSION innodb_lock_wait_timeout = @@SESSION.lock_wait_timeout`;

/** ER_DATA_OUT_OF_RANGE: what the look at the clock fails with. */
const late = 1690;

// By the primary key, whatever the optimizer thinks: rows are locked in its order, so replicas that touch the same members
// cannot deadlock.
const touch = `
  UPDATE \`UserKeys\` FORCE INDEX (PRIMARY) SET \`LastAccessDate\` = ?
  WHERE \`Id\` IN (?) AND (\`LastAccessDate\` IS NULL OR \`LastAccessDate\` < ?)`;

/** Plain statements, not prepared ones: these would tie a session of a pooler such as ProxySQL or RDS Proxy to us. */
export class MysqlUserKeyStatements implements UserKeyStatements {
  readonly maxSwaps = 500;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const rows = await poolOf(this.source).run<Row[]>(find, [ids]);
    return rows.flatMap((row) => stored(row) ?? []);
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    const values = [youngMinutes, youngMinutes, ids];
    const [rows, [told]] = await poolOf(this.source).run<[SeenRow[], [{ clock: number }]]>(look, values);
    const seen = rows.flatMap((row) => {
      const key = stored(row);
      return key === undefined ? [] : [{ ...key, young: row.young === 1 }];
    });
    return { clock: told.clock / 1000, rows: seen };
  }

  async swap(swaps: readonly UserKeySwap[], { at, deadline }: SwapTimes): Promise<ReadonlySet<UserId> | 'late'> {
    const time = toMicroseconds(new Date(at));
    const changes = swaps.map(({ key: { id, value, dataKeyId }, expected }) => {
      const row = [id, value, dataKeyId ?? noDataKey];
      return expected === undefined ? row : [...row, expected];
    });
    const ids = swaps.map(({ key: { id } }) => id);
    const until = Math.floor(deadline * 1000);
    const pool = poolOf(this.source);
    const seconds = Math.ceil(lockWait(pool.statementSeconds * 1000) / 1000);
    const values = [until, seconds, time, JSON.stringify(changes), time, until, ids];
    try {
      const results = await pool.runTransaction<unknown[]>(swap, values);
      const rows = results[6] as Row[];
      return writtenOf(swaps, rows);
    } catch (error) {
      if (driverErrorOf(error)?.errno === late) return 'late';
      throw error;
    }
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    const time = toMicroseconds(at);
    await poolOf(this.source).run(touch, [time, ids, time]);
  }
}

function stored({ Id, Key, DataKeyId: dataKeyId }: Row): StoredUserKey | undefined {
  const id = parseUserId(Id);
  return id && { id, value: Key ?? '', dataKeyId };
}

/**
 * Whose row holds what the swap brought: no other one brings the same, since every sealed value is made with random bytes.
 * What another one has replaced already is told as not written, and looked at again.
 */
function writtenOf(swaps: readonly UserKeySwap[], rows: readonly Row[]): ReadonlySet<UserId> {
  const values = new Map(rows.map(({ Id, Key }) => [parseUserId(Id), Key]));
  return new Set(swaps.flatMap(({ key: { id, value } }) => (values.get(id) === value ? [id] : [])));
}

/** datetime(6) takes six digits. */
const toMicroseconds = (time: Date): string => toUtcText(time).slice(0, -1);
