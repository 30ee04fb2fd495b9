import type { UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import { poolOf } from '../dialects/postgresql.pool.js';
import { toUtcText } from '../utc.column.js';
import type { StoredUserKey, UserKeyAccess, UserKeyStatements } from './user-key.statements.js';

interface Row {
  readonly Id: UserId;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

const find = `SELECT "Id", "Key", "DataKeyId" FROM "UserKeys" WHERE "Id" = ANY($1::uuid[])`;

const insert = `
  INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES ($1, $2, $3, $4)
  ON CONFLICT ("Id") DO NOTHING`;

const put = `
  INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
  SELECT id, key, data_key_id, $4::timestamp FROM unnest($1::uuid[], $2::text[], $3::int[]) AS k (id, key, data_key_id)
  ON CONFLICT ("Id") DO UPDATE
  SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"`;

// Rows are locked in the order of their ids: two replicas that touch the same members cannot deadlock.
const touch = `
  UPDATE "UserKeys" AS k SET "LastAccessDate" = a.at
  FROM (
    SELECT u."Id", b.at FROM unnest($1::uuid[], $2::timestamp[]) AS b (id, at) JOIN "UserKeys" AS u ON u."Id" = b.id
    WHERE u."LastAccessDate" IS NULL OR u."LastAccessDate" < b.at
    ORDER BY u."Id" FOR NO KEY UPDATE OF u
  ) AS a
  WHERE k."Id" = a."Id" AND (k."LastAccessDate" IS NULL OR k."LastAccessDate" < a.at)`;

/** Goes straight to the pool; see `poolOf` for why. */
export class PostgresqlUserKeyStatements implements UserKeyStatements {
  readonly maxPuts = 500;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const { rows } = await poolOf(this.source).query<Row>(find, [ids]);
    return rows.map((row) => ({ id: row.Id, value: row.Key ?? '', dataKeyId: row.DataKeyId }));
  }

  async insert(key: StoredUserKey, now: Date): Promise<boolean> {
    const { rowCount } = await poolOf(this.source).query(insert, [key.id, key.value, key.dataKeyId, toUtcText(now)]);
    return rowCount === 1;
  }

  async put(keys: readonly StoredUserKey[], now: Date): Promise<void> {
    const columns = [keys.map(({ id }) => id), keys.map(({ value }) => value), keys.map(({ dataKeyId }) => dataKeyId)];
    await poolOf(this.source).query(put, [...columns, toUtcText(now)]);
  }

  async touch(accesses: readonly UserKeyAccess[]): Promise<void> {
    await poolOf(this.source).query(touch, [accesses.map(({ id }) => id), accesses.map(({ at }) => toUtcText(at))]);
  }
}
