import { parseUserId, type UserId } from '@key-connector/common';
import mssql from 'mssql';
import type { DataSource } from 'typeorm';
import type { StoredUserKey, UserKeyStatements } from '../dialect/user-key.statements.js';
import { isDuplicateKey } from './failures.js';
import { requestOn } from './sqlserver.pool.js';

interface Row {
  readonly Id: string;
  readonly Key: string | null;
  readonly DataKeyId: number | null;
}

/** Rows in one statement, a parameter each: below SQL Server's limit of 2,100. */
const maxRows = 1024;

const insert = `
  INSERT INTO [UserKeys] ([Id], [Key], [DataKeyId], [CreationDate]) VALUES (@id, @value, @dataKeyId, @now)`;

// One of the two statements changes something, never both: no transaction is needed, and nothing can be left half done.
const put = `
  UPDATE [UserKeys] SET [Key] = @value, [DataKeyId] = @dataKeyId, [RevisionDate] = @now WHERE [Id] = @id;
  IF @@ROWCOUNT = 0 ${insert}`;

/** How often a put is sent when another one inserts the row between the two statements: the second time it is there. */
const putAttempts = 3;

/** Goes straight to the pool, with typed parameters. */
export class SqlserverUserKeyStatements implements UserKeyStatements {
  /** Its upsert is two statements with a choice between them, for one row. */
  readonly maxPuts = 1;

  constructor(private readonly source: DataSource) {}

  async find(ids: readonly UserId[]): Promise<StoredUserKey[]> {
    const found: StoredUserKey[] = [];
    for (const some of chunks(ids)) {
      const request = requestOn(this.source);
      const text = `SELECT [Id], [Key], [DataKeyId] FROM [UserKeys] WHERE [Id] IN (${inputIds(request, some)})`;
      const { recordset } = await request.query<Row>(text);
      for (const row of recordset) {
        const id = parseUserId(row.Id);
        if (id !== undefined) found.push({ id, value: row.Key ?? '', dataKeyId: row.DataKeyId });
      }
    }
    return found;
  }

  async insert(key: StoredUserKey, now: Date): Promise<boolean> {
    try {
      await this.withValues(key, now).query(insert);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async put(keys: readonly StoredUserKey[], now: Date): Promise<void> {
    for (const key of keys) await this.putOne(key, now);
  }

  private async putOne(key: StoredUserKey, now: Date): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.withValues(key, now).query(put);
        return;
      } catch (error) {
        if (!isDuplicateKey(error) || attempt >= putAttempts) throw error;
      }
    }
  }

  async touch(ids: readonly UserId[], at: Date): Promise<void> {
    for (const some of chunks(ids.toSorted(inIndexOrder))) {
      const request = requestOn(this.source).input('at', mssql.DateTime2(7), at);
      await request.query(`
        UPDATE [UserKeys] SET [LastAccessDate] = @at
        WHERE [Id] IN (${inputIds(request, some)}) AND ([LastAccessDate] IS NULL OR [LastAccessDate] < @at)`);
    }
  }

  private withValues(key: StoredUserKey, now: Date): mssql.Request {
    return requestOn(this.source)
      .input('id', mssql.UniqueIdentifier, key.id)
      .input('value', mssql.NVarChar(mssql.MAX), key.value)
      .input('dataKeyId', mssql.Int, key.dataKeyId)
      .input('now', mssql.DateTime2(7), now);
  }
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
