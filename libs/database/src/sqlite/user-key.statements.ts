import { parseUserId, type UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import type { StoredUserKey, UserKeyStatements } from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

// The index on "Id" COLLATE NOCASE (see the migrations) finds a GUID in either case, and keeps one from standing twice.
const find = `
  SELECT k."Id", k."Key", k."DataKeyId" FROM json_each(?) AS wanted
  JOIN "UserKeys" AS k ON k."Id" = wanted.value COLLATE NOCASE`;

const insert = `
  INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING RETURNING "Id"`;

// No conflict target: the row that is there may differ in case, so either of the two indexes may find it.
// WHERE true tells the parser that ON belongs to no join.
const put = `
  INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
  SELECT value ->> 0, value ->> 1, value ->> 2, ? FROM json_each(?) WHERE true
  ON CONFLICT DO UPDATE
  SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"`;

const touch = `
  UPDATE "UserKeys" SET "LastAccessDate" = ? FROM json_each(?) AS wanted
  WHERE "UserKeys"."Id" = wanted.value COLLATE NOCASE AND ("LastAccessDate" IS NULL OR "LastAccessDate" < ?)`;

/** GUIDs are written in upper case, as the files of existing deployments have them. */
export class SqliteUserKeyStatements implements UserKeyStatements {
  readonly maxPuts = 500;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const rows = await this.source.query<Row[]>(find, [JSON.stringify(ids)]);
    return rows.flatMap((row) => {
      const id = parseUserId(row.Id);
      return id === undefined ? [] : [{ id, value: row.Key ?? '', dataKeyId: row.DataKeyId }];
    });
  }

  async insert(key: StoredUserKey, now: Date): Promise<boolean> {
    const { id, value, dataKeyId } = key;
    const values = [id.toUpperCase(), value, dataKeyId, toUtcText(now)];
    const rows = await this.source.query<unknown[]>(insert, values);
    return rows.length === 1;
  }

  async put(keys: readonly StoredUserKey[], now: Date): Promise<void> {
    const rows = keys.map(({ id, value, dataKeyId }) => [id.toUpperCase(), value, dataKeyId]);
    await this.source.query(put, [toUtcText(now), JSON.stringify(rows)]);
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    const time = toUtcText(at);
    await this.source.query(touch, [time, JSON.stringify(ids), time]);
  }
}
