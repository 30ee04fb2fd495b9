import { parseUserId, type UserId } from '@key-connector/common';
import type { DataSource, EntityManager } from 'typeorm';
import {
  type Access,
  fenceRows,
  type FoundUserKey,
  type RingFence,
  standingDates,
  type SwapRefusal,
  type SwapTimes,
  type UserKeyReseal,
  type UserKeysSeen,
  type UserKeyStatements,
  type UserKeySwap,
} from '../dialect/user-key.statements.js';
import { toUtcText } from '../dialect/utc-column.js';

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

// The index on "Id" COLLATE NOCASE (see the migrations) finds a GUID in either case, and keeps one from standing twice.
const wanted = 'FROM json_each(?) AS wanted JOIN "UserKeys" AS k ON k."Id" = wanted.value COLLATE NOCASE';

const find = `SELECT k."Id", k."Key", k."DataKeyId" ${wanted}`;

// Compared as text. Bytes, and text that is no time, come before or behind both times, and so do not stand.
const findDated = `
  SELECT k."Id", k."Key", k."DataKeyId", k."LastAccessDate" BETWEEN ? AND ? AS stands ${wanted}`;

// A value as text: some other program may have left bytes, which no text is equal to.
const valueOf = (table: string): string =>
  `CASE typeof(${table}."Key") WHEN 'blob' THEN hex(${table}."Key") ELSE COALESCE(${table}."Key", '') END`;

/** By the index on it. */
const ofHistory = 'FROM "UserKeyHistory" AS h WHERE h."UserId" = k."Id" COLLATE NOCASE';

const look = `
  SELECT k."Id", ${valueOf('k')} AS "Key", k."DataKeyId", COALESCE(k."RevisionDate", k."CreationDate") BETWEEN ? AND ? AS young,
    round((julianday(max(k."CreationDate", COALESCE((SELECT max(h."ReplacedDate") ${ofHistory}), k."CreationDate"))) - 2440587.5) * 86400000) AS since,
    (SELECT count(*) ${ofHistory}) AS kept ${wanted}`;

// No conflict target: the row that is there may differ in case, so either of the two indexes may find it.
// WHERE true tells the parser that ON belongs to no join. The last parameter is what each member's row must hold.
const swap = `
  INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate")
  SELECT value ->> 0, value ->> 1, value ->> 2, ? FROM json_each(?) WHERE true
  ON CONFLICT DO UPDATE
  SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId", "RevisionDate" = excluded."CreationDate"
  WHERE ${valueOf('"UserKeys"')} = ? ->> ('$."' || excluded."Id" || '"')
  RETURNING "Id"`;

const reseal = `
  UPDATE "UserKeys" SET "Key" = c.value ->> 1, "DataKeyId" = c.value ->> 2 FROM json_each(?) AS c
  WHERE "UserKeys"."Id" = c.value ->> 0 COLLATE NOCASE AND "UserKeys"."Key" = c.value ->> 3
  RETURNING "Id"`;

/** Whether the manifest counts that a fence names: one walk along the primary key. Bytes are equal to no text. */
const opens = `
  SELECT COALESCE(max("Version" = ?) AND min(EXISTS (
    SELECT 1 FROM json_each(?) AS named WHERE named.value ->> 0 = "Version" AND named.value ->> 1 = "Signature"
  )), 0) AS open
  FROM (SELECT "Version", "Signature" FROM "RingManifests" WHERE "Version" >= ? ORDER BY "Version" LIMIT ${fenceRows})`;

/** Before the swap, in its transaction, where nobody else writes: what is about to be replaced. */
const keep = `
  INSERT INTO "UserKeyHistory" ("UserId", "Key", "DataKeyId", "CreationDate", "ReplacedDate", "Cause")
  SELECT kept.value ->> 0, k."Key", k."DataKeyId", kept.value ->> 2, ?, kept.value ->> 3
  FROM json_each(?) AS kept JOIN "UserKeys" AS k ON k."Id" = kept.value ->> 0 COLLATE NOCASE
  WHERE ${valueOf('k')} = kept.value ->> 1`;

const makeRoom = `DELETE FROM "UserKeyHistory" WHERE "Id" IN (SELECT value FROM json_each(?))`;

const touch = `
  UPDATE "UserKeys" SET "LastAccessDate" = ? FROM json_each(?) AS wanted
  WHERE "UserKeys"."Id" = wanted.value COLLATE NOCASE AND ("LastAccessDate" BETWEEN ? AND ?) IS NOT TRUE`;

/** GUIDs are written in upper case, as the files of existing deployments have them. */
export class SqliteUserKeyStatements implements UserKeyStatements {
  readonly maxSwaps = 500;
  /** More than elsewhere: it is the wait for the disk that holds the process up, and each statement has one. */
  readonly maxTouched = 512;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[], access?: Access): Promise<FoundUserKey[]> {
    const [text, dates] = access === undefined ? [find, []] : [findDated, standingDates(access).map(toUtcText)];
    const rows = await this.source.query<Row[]>(text, [...dates, JSON.stringify(ids)]);
    return rows.flatMap((row) => stored(row) ?? []);
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    const clock = Date.now();
    const span = youngMinutes * 60_000;
    const times = [clock - span, clock + span].map((time) => toUtcText(new Date(time)));
    const rows = await this.source.query<SeenRow[]>(look, [...times, JSON.stringify(ids)]);
    const seen = rows.flatMap((row) => {
      const key = stored(row);
      const { since, kept } = row;
      return key === undefined ? [] : [{ ...key, young: row.young === 1, since, kept }];
    });
    return { clock, rows: seen };
  }

  /**
   * The clock is looked at once the transaction has the file's write lock, so every wait is over. It has it from its
   * begin: no manifest comes between the fence and the commit.
   */
  swap(
    swaps: readonly UserKeySwap[],
    { at, deadline }: SwapTimes,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const time = toUtcText(new Date(at));
    return this.change(deadline, fence, async (manager) => {
      const kept = keptRows(swaps);
      if (kept.length > 0) {
        await manager.query(keep, [time, JSON.stringify(kept)]);
        const expendable = swaps.flatMap((one) => one.kept?.expendable ?? []);
        if (expendable.length > 0) await manager.query(makeRoom, [JSON.stringify(expendable)]);
      }
      const rows = swaps.map(({ key: { id, value, dataKeyId } }) => [id.toUpperCase(), value, dataKeyId]);
      const expected = Object.fromEntries(swaps.map(({ key: { id }, expected: value }) => [id.toUpperCase(), value]));
      const values = [time, JSON.stringify(rows), JSON.stringify(expected)];
      return manager.query<Pick<Row, 'Id'>[]>(swap, values);
    });
  }

  reseal(
    reseals: readonly UserKeyReseal[],
    deadline: number,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const rows = reseals.map(({ key: { id, value, dataKeyId }, expected }) => [id, value, dataKeyId, expected]);
    return this.change(deadline, fence, (manager) => manager.query<Pick<Row, 'Id'>[]>(reseal, [JSON.stringify(rows)]));
  }

  private change(
    deadline: number,
    fence: RingFence,
    write: (manager: EntityManager) => Promise<Pick<Row, 'Id'>[]>,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    return this.source.transaction(async (manager) => {
      if (Date.now() >= deadline) return 'late';
      const named = [fence, ...fence.passedOver].map(({ version, signature }) => [version, signature]);
      const asked = [fence.version, JSON.stringify(named), fence.version];
      const [answer] = await manager.query<{ open: number }[]>(opens, asked);
      if (answer?.open !== 1) return 'fenced';
      return new Set((await write(manager)).flatMap(({ Id }) => parseUserId(Id) ?? []));
    });
  }

  async touch(ids: readonly UserId[], access: Access): Promise<void> {
    await this.source.query(touch, [
      toUtcText(access.at),
      JSON.stringify(ids),
      ...standingDates(access).map(toUtcText),
    ]);
  }
}

function stored({ Id, Key, DataKeyId: dataKeyId, stands }: Row): FoundUserKey | undefined {
  const id = parseUserId(Id);
  if (id === undefined) return undefined;
  const key = { id, value: Key ?? '', dataKeyId };
  return stands === undefined ? key : { ...key, dateStands: stands === 1 };
}

/** What `keep` asks for: the member, the value that stands there, since when, and why it goes. */
function keptRows(swaps: readonly UserKeySwap[]): unknown[][] {
  return swaps.flatMap(({ key: { id }, expected, kept }) =>
    kept === undefined || expected === undefined
      ? []
      : [[id.toUpperCase(), expected, toUtcText(new Date(kept.since)), kept.cause]],
  );
}
