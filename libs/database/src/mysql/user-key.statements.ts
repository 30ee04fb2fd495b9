import { parseUserId, type UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import type { StoredUserKey, UserKeyStatements } from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';
import { driverErrorOf } from '../errors/driver-error.js';
import { poolOf } from './mysql.pool.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

/** ER_DUP_ENTRY */
const duplicate = 1062;

// The column's collation does not tell case apart: a GUID is found in either.
const find = 'SELECT `Id`, `Key`, `DataKeyId` FROM `UserKeys` WHERE `Id` IN (?)';

const insert = 'INSERT INTO `UserKeys` (`Id`, `Key`, `DataKeyId`, `CreationDate`) VALUES (?, ?, ?, ?)';

// From a table that can be named in both halves: MySQL has deprecated VALUES(), and MariaDB does not know the row alias.
const put = `
  INSERT INTO \`UserKeys\` (\`Id\`, \`Key\`, \`DataKeyId\`, \`CreationDate\`)
  SELECT k.id, k.value, k.data_key_id, ? FROM JSON_TABLE(?, '$[*]' COLUMNS
    (id char(36) PATH '$[0]', value longtext CHARACTER SET utf8mb4 PATH '$[1]', data_key_id int PATH '$[2]' NULL ON EMPTY)) AS k
  ON DUPLICATE KEY UPDATE \`Key\` = k.value, \`DataKeyId\` = k.data_key_id, \`RevisionDate\` = ?`;

// By the primary key, whatever the optimizer thinks: rows are locked in its order, so replicas that touch the same members
// cannot deadlock.
const touch = `
  UPDATE \`UserKeys\` FORCE INDEX (PRIMARY) SET \`LastAccessDate\` = ?
  WHERE \`Id\` IN (?) AND (\`LastAccessDate\` IS NULL OR \`LastAccessDate\` < ?)`;

/** Plain statements, not prepared ones: these would tie a session of a pooler such as ProxySQL or RDS Proxy to us. */
export class MysqlUserKeyStatements implements UserKeyStatements {
  readonly maxPuts = 500;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const rows = await poolOf(this.source).run<Row[]>(find, [ids]);
    return rows.flatMap((row) => {
      const id = parseUserId(row.Id);
      return id === undefined ? [] : [{ id, value: row.Key ?? '', dataKeyId: row.DataKeyId }];
    });
  }

  async insert({ id, value, dataKeyId }: StoredUserKey, now: Date): Promise<boolean> {
    try {
      await poolOf(this.source).run(insert, [id, value, dataKeyId, toMicroseconds(now)]);
      return true;
    } catch (error) {
      if (driverErrorOf(error)?.errno === duplicate) return false;
      throw error;
    }
  }

  async put(keys: readonly StoredUserKey[], now: Date): Promise<void> {
    const at = toMicroseconds(now);
    // A missing member is NULL in both products; a JSON null is not.
    const rows = keys.map(({ id, value, dataKeyId }) => [id, value, ...(dataKeyId === null ? [] : [dataKeyId])]);
    await poolOf(this.source).run(put, [at, JSON.stringify(rows), at]);
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    const time = toMicroseconds(at);
    await poolOf(this.source).run(touch, [time, ids, time]);
  }
}

/** datetime(6) takes six digits. */
const toMicroseconds = (time: Date): string => toUtcText(time).slice(0, -1);
