import { parseUserId, type UserId } from '@key-connector/common';
import mssql from 'mssql';
import type { DataSource } from 'typeorm';
import {
  type Access,
  type FoundUserKey,
  lockWait,
  type ManifestVersion,
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
import { isDuplicateKey } from './failures.js';
import { lockMilliseconds, requestMilliseconds, requestOn } from './sqlserver.pool.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
  /** Whether LastAccessDate stands; there only where that was asked. */
  readonly stands?: number;
}

interface ClockRow {
  readonly clock: Date;
}

interface SeenRow extends Row {
  readonly changed: Date;
  readonly created: Date;
  /** When the last key of the history was replaced. */
  readonly replaced: Date | null;
  /** As text where a driver takes COUNT for 64 bits. */
  readonly kept: number | string;
}

/** Rows in one statement, a parameter each: below SQL Server's limit of 2,100. */
const maxRows = 1024;

const insert = `
  INSERT INTO [UserKeys] ([Id], [Key], [DataKeyId], [CreationDate]) VALUES (@id, @value, @dataKeyId, @at)`;

const replace = `
  UPDATE [UserKeys] SET [Key] = @value, [DataKeyId] = @dataKeyId, [RevisionDate] = @at
  WHERE [Id] = @id AND COALESCE([Key], N'') = @expected COLLATE Latin1_General_BIN2`;

const reseal = `
  UPDATE [UserKeys] SET [Key] = @value, [DataKeyId] = @dataKeyId
  WHERE [Id] = @id AND [Key] = @expected COLLATE Latin1_General_BIN2`;

const keep = `
  INSERT INTO [UserKeyHistory] ([UserId], [Key], [DataKeyId], [CreationDate], [ReplacedDate], [Cause])
  VALUES (@id, @expected, @keptDataKeyId, @since, @at, @cause);`;

/** Bytes: SQL Server takes text for equal that differs by blanks at its end, whatever the collation. */
const isRow = (name: string): string => `
  [Version] = @version${name} AND CAST([Signature] AS varbinary(max)) = CAST(@signature${name} AS varbinary(max))`;

/**
 * Whether the manifest counts that a fence names: two walks along the primary key, the second up to the first foreign
 * row.
 */
const opens = ({ passedOver }: RingFence): string => {
  const others = passedOver.map((_, index) => `AND NOT (${isRow(String(index))})`);
  return `EXISTS (SELECT 1 FROM [RingManifests] WHERE ${isRow('')})
    AND NOT EXISTS (SELECT 1 FROM [RingManifests] WHERE [Version] > @version ${others.join(' ')})`;
};

/**
 * A swap as one message, which the server runs to its end whoever still listens. SYSUTCDATETIME tells when its own
 * statement runs, so it stands behind the write and what that waited for. An error, or a cancellation, rolls back. The
 * fence reads what is committed when it is asked, behind the message's begin.
 */
const transaction = (fence: string, write: string, keeping: string): string => `
  SET XACT_ABORT ON;
  DECLARE @written int;
  BEGIN TRANSACTION;
  IF ${fence}
  BEGIN
    ${write};
    SET @written = @@ROWCOUNT;
    ${keeping === '' ? '' : `IF @written > 0 BEGIN ${keeping} END;`}
  END
  ELSE
    SET @written = -2;
  IF SYSUTCDATETIME() < @deadline
    COMMIT TRANSACTION;
  ELSE
  BEGIN
    ROLLBACK TRANSACTION;
    SET @written = -1;
  END;
  SELECT @written AS [written]`;

/** What a swap that wrote nothing answers instead of a number of rows. */
const refusals: ReadonlyMap<number, SwapRefusal> = new Map([
  [-1, 'late'],
  [-2, 'fenced'],
]);

/** Whether the date stands that is from `@from` until `@until`. */
const dateStands = 'CASE WHEN [LastAccessDate] BETWEEN @from AND @until THEN 1 ELSE 0 END';

/** Goes straight to the pool, with typed parameters. */
export class SqlserverUserKeyStatements implements UserKeyStatements {
  /** What differs for each row would make a text of its own for each number of rows; nobody writes that often. */
  readonly maxSwaps = 1;

  readonly maxTouched = 128;

  /** No statement waits for a lock without end, not even one whose cancellation the server missed. */
  private get bounded(): string {
    return `SET LOCK_TIMEOUT ${lockMilliseconds(this.source)};`;
  }

  /** Without READ_COMMITTED_SNAPSHOT a read waits for what another session has written too. */
  private get shortly(): string {
    return `SET LOCK_TIMEOUT ${lockWait(requestMilliseconds(this.source))};`;
  }

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[], access?: Access): Promise<FoundUserKey[]> {
    const found: FoundUserKey[] = [];
    for (const some of chunks(ids)) {
      const request = requestOn(this.source);
      if (access !== undefined) inputDates(request, access);
      const text = `${this.shortly}
        SELECT [Id], [Key], [DataKeyId]${access === undefined ? '' : `, ${dateStands} AS [stands]`}
        FROM [UserKeys] WHERE [Id] IN (${inputIds(request, some)})`;
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
        SELECT [Id], [Key], [DataKeyId], COALESCE([RevisionDate], [CreationDate]) AS [changed], [CreationDate] AS [created],
          (SELECT MAX([ReplacedDate]) FROM [UserKeyHistory] WHERE [UserId] = [UserKeys].[Id]) AS [replaced],
          (SELECT COUNT(*) FROM [UserKeyHistory] WHERE [UserId] = [UserKeys].[Id]) AS [kept]
        FROM [UserKeys] WHERE [Id] IN (${inputIds(request, some)})`;
      const { recordsets } = await request.query<[ClockRow, SeenRow]>(text);
      const [[told], found] = recordsets as unknown as [[ClockRow], SeenRow[]];
      const now = told.clock.getTime();
      clock = Math.min(clock, now);
      for (const row of found) {
        const key = stored(row);
        const young = Math.abs(now - row.changed.getTime()) <= youngMinutes * 60_000;
        const since = Math.max(row.created.getTime(), row.replaced?.getTime() ?? -Infinity);
        if (key !== undefined) rows.push({ ...key, young, since, kept: Number(row.kept) });
      }
    }
    return { clock, rows };
  }

  swap(swaps: readonly UserKeySwap[], times: SwapTimes, fence: RingFence): Promise<ReadonlySet<UserId> | SwapRefusal> {
    return this.each(swaps, (one) => this.changeOne(one, one.expected === undefined ? insert : replace, times, fence));
  }

  reseal(
    reseals: readonly UserKeyReseal[],
    deadline: number,
    fence: RingFence,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    return this.each(reseals, (one) => this.changeOne(one, reseal, { at: deadline, deadline }, fence));
  }

  private async each<Change extends { readonly key: StoredUserKey }>(
    changes: readonly Change[],
    change: (one: Change) => Promise<number>,
  ): Promise<ReadonlySet<UserId> | SwapRefusal> {
    const written = new Set<UserId>();
    for (const one of changes) {
      const count = await change(one);
      const refusal = refusals.get(count);
      if (refusal !== undefined) return refusal;
      if (count > 0) written.add(one.key.id);
    }
    return written;
  }

  /** Rows that were written; below zero for a refusal. */
  private async changeOne(
    { key: { id, value, dataKeyId }, expected, kept }: UserKeySwap,
    write: string,
    { at, deadline }: SwapTimes,
    fence: RingFence,
  ): Promise<number> {
    const request = requestOn(this.source)
      .input('id', mssql.UniqueIdentifier, id)
      .input('value', mssql.NVarChar(mssql.MAX), value)
      .input('dataKeyId', mssql.Int, dataKeyId)
      .input('at', mssql.DateTime2(7), new Date(at))
      .input('deadline', mssql.DateTime2(7), new Date(deadline));
    inputManifest(request, '', fence);
    for (const [index, row] of fence.passedOver.entries()) inputManifest(request, String(index), row);
    if (expected !== undefined) request.input('expected', mssql.NVarChar(mssql.MAX), expected);
    try {
      const text = this.shortly + transaction(opens(fence), write, inputKept(request, kept));
      const { recordset } = await request.query<{ written: number }>(text);
      return recordset[0]?.written ?? 0;
    } catch (error) {
      // Another one inserted the row first.
      if (isDuplicateKey(error)) return 0;
      throw error;
    }
  }

  async touch(ids: readonly UserId[], access: Access): Promise<void> {
    for (const some of chunks(ids.toSorted(inIndexOrder))) {
      const request = requestOn(this.source).input('at', mssql.DateTime2(7), access.at);
      inputDates(request, access);
      await request.query(`${this.bounded}
        UPDATE [UserKeys] SET [LastAccessDate] = @at WHERE [Id] IN (${inputIds(request, some)}) AND ${dateStands} = 0`);
    }
  }
}

function stored({ Id, Key, DataKeyId: dataKeyId, stands }: Row): FoundUserKey | undefined {
  const id = parseUserId(Id);
  if (id === undefined) return undefined;
  const key = { id, value: Key ?? '', dataKeyId };
  return stands === undefined ? key : { ...key, dateStands: stands === 1 };
}

function inputManifest(request: mssql.Request, name: string, { version, signature }: ManifestVersion): void {
  request.input(`version${name}`, mssql.BigInt, version);
  request.input(`signature${name}`, mssql.NVarChar(mssql.MAX), signature);
}

/** What is done behind a swap that keeps what it replaces. */
function inputKept(request: mssql.Request, kept: UserKeySwap['kept']): string {
  if (kept === undefined) return '';
  const { dataKeyId, since, cause, expendable } = kept;
  request.input('keptDataKeyId', mssql.Int, dataKeyId);
  request.input('since', mssql.DateTime2(7), new Date(since));
  request.input('cause', mssql.NVarChar(20), cause);
  if (expendable.length === 0) return keep;
  return `${keep} DELETE FROM [UserKeyHistory] WHERE [Id] IN (${expendable.join(', ')});`;
}

function inputDates(request: mssql.Request, access: Access): void {
  const [from, until] = standingDates(access);
  request.input('from', mssql.DateTime2(7), from).input('until', mssql.DateTime2(7), until);
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
 * Pieces of at most `maxRows`, each filled up to a power of two by repeating its last item: a statement's text depends
 * on its length, so the server keeps eleven plans instead of a thousand.
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
 * The order of SQL Server's index on uniqueidentifier, which compares the last group first: whether the plan follows
 * the list or the index, rows are locked in one order, so replicas that touch the same members do not deadlock.
 */
function inIndexOrder(one: UserId, other: UserId): number {
  const [left, right] = [sortKey(one), sortKey(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const sortKey = (id: UserId): string => id.slice(24) + id.slice(19, 23) + id;
