import type { UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import type { StoredUserKey, UserKeyStatements } from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';
import { poolOf } from './pool-options.js';

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

// Rows are locked in the order of their ids: two replicas that touch the same members cannot deadlock. The array keeps the
// planner from joining, which it would do by reading the whole table.
const touch = `
  UPDATE "UserKeys" SET "LastAccessDate" = $2
  WHERE "Id" = ANY(ARRAY(
    SELECT "Id" FROM "UserKeys"
    WHERE "Id" = ANY($1::uuid[]) AND ("LastAccessDate" IS NULL OR "LastAccessDate" < $2)
    ORDER BY "Id" FOR NO KEY UPDATE
  ))`;

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

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    await poolOf(this.source).query(touch, [ids, toUtcText(at)]);
  }
}
