import { parseUserId, type UserId } from '@key-connector/common';
import mssql from 'mssql';
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
import { isDuplicateKey } from './failures.js';
import { lockMilliseconds, requestMilliseconds, requestOn } from './sqlserver.pool.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

interface ClockRow {
  readonly clock: Date;
}

interface SeenRow extends Row {
  readonly changed: Date;
}

/** Rows in one statement, a parameter each: below SQL Server's limit of 2,100. */
const maxRows = 1024;

const insert = `
  INSERT INTO [UserKeys] ([Id], [Key], [DataKeyId], [CreationDate]) VALUES (@id, @value, @dataKeyId, @at)`;

const replace = `
  UPDATE [UserKeys] SET [Key] = @value, [DataKeyId] = @dataKeyId, [RevisionDate] = @at
  WHERE [Id] = @id AND COALESCE([Key], N'') = @expected COLLATE Latin1_General_BIN2`;

/**
 * A swap as one message, which the server runs to its end whoever still listens. SYSUTCDATETIME tells when its own statement
 * runs, so it stands behind the write and what that waited for. An error, or a cancellation, rolls back.
 */
const transaction = (write: string): string => `
  SET XACT_ABORT ON;
  DECLARE @written int;
  BEGIN TRANSACTION;
  ${write};
  SET @written = @@ROWCOUNT;
  IF SYSUTCDATETIME() < @deadline
    COMMIT TRANSACTION;
  ELSE
  BEGIN
    ROLLBACK TRANSACTION;
    SET @written = -1;
  END;
  SELECT @written AS [written]`;

/** Goes straight to the pool, with typed parameters. */
export class SqlserverUserKeyStatements implements UserKeyStatements {
  /** What differs for each row would make a text of its own for each number of rows; nobody writes that often. */
  readonly maxSwaps = 1;

  /** No statement waits for a lock without end, not even one whose cancellation the server missed. */
  private get bounded(): string {
    return `SET LOCK_TIMEOUT ${lockMilliseconds(this.source)};`;
  }

  /** Without READ_COMMITTED_SNAPSHOT a read waits for what another session has written too. */
  private get shortly(): string {
    return `SET LOCK_TIMEOUT ${lockWait(requestMilliseconds(this.source))};`;
  }

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const found: StoredUserKey[] = [];
    for (const some of chunks(ids)) {
      const request = requestOn(this.source);
      const text = `${this.shortly}
        SELECT [Id], [Key], [DataKeyId] FROM [UserKeys] WHERE [Id] IN (${inputIds(request, some)})`;
      const { recordset } = await request.query<Row>(text);
      for (const row of recordset) {
        const key = stored(row);
        if (key !== undefined) found.push(key);
      }
    }
    return found;
  }

  async look(ids: readonly UserId[], youngMinutes: number): Promise<UserKeysSeen> {
    let clock = Infinity;
    const rows: SeenUserKey[] = [];
    for (const some of chunks(ids)) {
      const request = requestOn(this.source);
      const text = `${this.shortly}
        SELECT SYSUTCDATETIME() AS [clock];
        SELECT [Id], [Key], [DataKeyId], COALESCE([RevisionDate], [CreationDate]) AS [changed]
        FROM [UserKeys] WHERE [Id] IN (${inputIds(request, some)})`;
      const { recordsets } = await request.query<[ClockRow, SeenRow]>(text);
      const [[told], found] = recordsets as unknown as [[ClockRow], SeenRow[]];
      const now = told.clock.getTime();
      clock = Math.min(clock, now);
      for (const row of found) {
        const key = stored(row);
        const young = Math.abs(now - row.changed.getTime()) <= youngMinutes * 60_000;
        if (key !== undefined) rows.push({ ...key, young });
      }
    }
    return { clock, rows };
  }

  async swap(swaps: readonly UserKeySwap[], { at, deadline }: SwapTimes): Promise<ReadonlySet<UserId> | 'late'> {
    const written = new Set<UserId>();
    for (const { key, expected } of swaps) {
      const count = await this.swapOne(key, expected, at, deadline);
      if (count < 0) return 'late';
      if (count > 0) written.add(key.id);
    }
    return written;
  }

  /** Rows that were written; below zero when the deadline was over. */
  private async swapOne(
    { id, value, dataKeyId }: StoredUserKey,
    expected: string | undefined,
    at: number,
    deadline: number,
  ): Promise<number> {
    const request = requestOn(this.source)
      .input('id', mssql.UniqueIdentifier, id)
      .input('value', mssql.NVarChar(mssql.MAX), value)
      .input('dataKeyId', mssql.Int, dataKeyId)
      .input('at', mssql.DateTime2(7), new Date(at))
      .input('deadline', mssql.DateTime2(7), new Date(deadline));
    if (expected !== undefined) request.input('expected', mssql.NVarChar(mssql.MAX), expected);
    try {
      const text = this.shortly + transaction(expected === undefined ? insert : replace);
      const { recordset } = await request.query<{ written: number }>(text);
      return recordset[0]?.written ?? 0;
    } catch (error) {
      // Another one inserted the row first.
      if (isDuplicateKey(error)) return 0;
      throw error;
    }
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    for (const some of chunks(ids.toSorted(inIndexOrder))) {
      const request = requestOn(this.source).input('at', mssql.DateTime2(7), at);
      await request.query(`${this.bounded}
        UPDATE [UserKeys] SET [LastAccessDate] = @at
        WHERE [Id] IN (${inputIds(request, some)}) AND ([LastAccessDate] IS NULL OR [LastAccessDate] < @at)`);
    }
  }
}

function stored({ Id, Key, DataKeyId: dataKeyId }: Row): StoredUserKey | undefined {
  const id = parseUserId(Id);
  return id && { id, value: Key ?? '', dataKeyId };
}

/** Gives the ids to the request, and returns the list of their parameters. */
function inputIds(request: mssql.Request, ids: readonly UserId[]): string {
  const names = ids.map((id, index) => {
    request.input(`id${index}`, mssql.UniqueIdentifier, id);
    return `@id${index}`;
  });
  return names.join(', ');
}

/**
 * Pieces of at most `maxRows`, each filled up to a power of two by repeating its last item: a statement's text depends on
 * its length, so the server keeps eleven plans instead of a thousand.
 */
function chunks<T>(items: readonly T[]): T[][] {
  const pieces: T[][] = [];
  for (let start = 0; start < items.length; start += maxRows) {
    const piece = items.slice(start, start + maxRows);
    const length = 2 ** Math.ceil(Math.log2(piece.length));
    pieces.push(Array.from({ length }, (_, index) => piece[Math.min(index, piece.length - 1)] as T));
  }
  return pieces;
}

/**
 * The order of SQL Server's index on uniqueidentifier, which compares the last group first: whether the plan follows the
 * list or the index, rows are locked in one order, so replicas that touch the same members do not deadlock.
 */
function inIndexOrder(one: UserId, other: UserId): number {
  const [left, right] = [sortKey(one), sortKey(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const sortKey = (id: UserId): string => id.slice(24) + id.slice(19, 23) + id;
