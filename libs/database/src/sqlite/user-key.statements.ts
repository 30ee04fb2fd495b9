import { parseUserId, type UserId } from '@key-connector/common';
import type { DataSource } from 'typeorm';
import type {
  StoredUserKey,
  SwapTimes,
  UserKeysSeen,
  UserKeyStatements,
  UserKeySwap,
} from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

interface SeenRow extends Row {
  readonly young: 0 | 1 | null;
}

// The index on "Id" COLLATE NOCASE (see the migrations) finds a GUID in either case, and keeps one from standing twice.
const find = `
  SELECT k."Id", k."Key", k."DataKeyId" FROM json_each(?) AS wanted
  JOIN "UserKeys" AS k ON k."Id" = wanted.value COLLATE NOCASE`;

// A value as text: some other program may have left bytes, which no text is equal to.
const valueOf = (table: string): string =>
  `CASE typeof(${table}."Key") WHEN 'blob' THEN hex(${table}."Key") ELSE COALESCE(${table}."Key", '') END`;

const look = `
  SELECT k."Id", ${valueOf('k')} AS "Key", k."DataKeyId", COALESCE(k."RevisionDate", k."CreationDate") BETWEEN ? AND ? AS young
  FROM json_each(?) AS wanted JOIN "UserKeys" AS k ON k."Id" = wanted.value COLLATE NOCASE`;

// No conflict target: the row that is there may differ in case, so either of the two indexes may find it.
// WHERE true tells the parser that ON belongs to no join. The last parameter is what each member's row must hold.
const swap = `
  INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
  SELECT value ->> 0, value ->> 1, value ->> 2, ? FROM json_each(?) WHERE true
  ON CONFLICT DO UPDATE
  SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"
  WHERE ${valueOf('"UserKeys"')} = ? ->> ('$."' || excluded."Id" || '"')
  RETURNING "Id"`;

const touch = `
  UPDATE "UserKeys" SET "LastAccessDate" = ? FROM json_each(?) AS wanted
  WHERE "UserKeys"."Id" = wanted.value COLLATE NOCASE AND ("LastAccessDate" IS NULL OR "LastAccessDate" < ?)`;

/** GUIDs are written in upper case, as the files of existing deployments have them. */
export class SqliteUserKeyStatements implements UserKeyStatements {
  readonly maxSwaps = 500;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const rows = await this.source.query<Row[]>(find, [JSON.stringify(ids)]);
    return rows.flatMap((row) => stored(row) ?? []);
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    const clock = Date.now();
    const span = youngMinutes * 60_000;
    const times = [clock - span, clock + span].map((time) => toUtcText(new Date(time)));
    const rows = await this.source.query<SeenRow[]>(look, [...times, JSON.stringify(ids)]);
    const seen = rows.flatMap((row) => {
      const key = stored(row);
      return key === undefined ? [] : [{ ...key, young: row.young === 1 }];
    });
    return { clock, rows: seen };
  }

  /** What it waited for in this process is over; better-sqlite3 waits for another process inside of the call, and shortly. */
  async swap(swaps: readonly UserKeySwap[], { at, deadline }: SwapTimes): Promise<ReadonlySet<UserId> | 'late'> {
    if (Date.now() >= deadline) return 'late';
    const rows = swaps.map(({ key: { id, value, dataKeyId } }) => [id.toUpperCase(), value, dataKeyId]);
    const expected = Object.fromEntries(swaps.map(({ key: { id }, expected: value }) => [id.toUpperCase(), value]));
    const values = [toUtcText(new Date(at)), JSON.stringify(rows), JSON.stringify(expected)];
    const written = await this.source.query<Pick<Row, 'Id'>[]>(swap, values);
    return new Set(written.flatMap(({ Id }) => parseUserId(Id) ?? []));
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    const time = toUtcText(at);
    await this.source.query(touch, [time, JSON.stringify(ids), time]);
  }
}

function stored({ Id, Key, DataKeyId: dataKeyId }: Row): StoredUserKey | undefined {
  const id = parseUserId(Id);
  return id && { id, value: Key ?? '', dataKeyId };
}
