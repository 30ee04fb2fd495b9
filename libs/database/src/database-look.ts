import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@key-connector/common';
import { DataSource, type EntityManager } from 'typeorm';
import { databaseErrorOf, unavailable } from './dialect/database-error-of.js';
import { type Dialect, nobody } from './dialect/dialect.js';
import { openSource } from './dialect/open-source.js';
import { nameOf, pendingMigrations } from './migrations/pending-migrations.js';

/** What serving needs of each table, beside the right to read it. */
const needed: Readonly<Record<string, readonly ('insert' | 'update' | 'delete')[]>> = {
  UserKeys: ['insert', 'update'],
  UserKeyHistory: ['insert', 'delete'],
  DataKeys: [],
  DataKeyWrappings: [],
  ApplicationDatas: [],
  RingManifests: [],
};

/** How often a look that met another process' lock begins again, and the pause before, in milliseconds. */
const attempts = 10;
const pause = 20;

/** A right that this login lacks. */
export interface MissingRight {
  readonly right: 'select' | 'insert' | 'update' | 'delete';
  readonly table: string;
  /** The server's words. */
  readonly why: string;
}

/** What a look at the database found. */
export interface DatabaseFacts {
  /** The file is not there yet; a start would make it. Nothing else is known then. */
  readonly isToBeMade: boolean;
  /** Migrations that a start would run, oldest first. */
  readonly pending: readonly string[];
  readonly missingRights: readonly MissingRight[];
  /**
   * By how many milliseconds the server's clock is ahead of this machine's; `undefined` where there are no tables yet.
   */
  readonly clockAheadBy: number | undefined;
}

/** Looks at the database for people: makes and changes nothing, and needs no start; opens what it needs. */
export class DatabaseLook {
  constructor(private readonly dialect: Dialect) {}

  /** What and where the database is, for people. */
  get description(): string {
    return this.dialect.description;
  }

  /** @throws a KeyConnectorError that says why it cannot be looked at. */
  async facts(): Promise<DatabaseFacts> {
    const { dialect } = this;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.look();
      } catch (error) {
        if (dialect.failureOf(error) !== 'busy' || attempt === attempts)
          throw databaseErrorOf(dialect, error) ?? unavailable(dialect, error);
        await sleep(pause);
      }
    }
  }

  private async look(): Promise<DatabaseFacts> {
    const { dialect } = this;
    if (await dialect.isToBeMade?.()) return { ...nothingYet, isToBeMade: true };
    await dialect.prepare();
    // With the deadlines of requests: a server that went silent is told soon.
    const source = new DataSource(dialect.dataSourceOptions);
    await openSource(dialect, source);
    try {
      return await this.factsOf(source);
    } finally {
      await source.destroy();
    }
  }

  private async factsOf(source: DataSource): Promise<DatabaseFacts> {
    const pending = (await pendingMigrations(source, this.description)).map(nameOf);
    // Of tables that are not all there yet, nothing is asked that would fail for that.
    if (pending.length > 0) return { ...nothingYet, pending };
    await this.dialect.inspect?.(source.manager);
    return {
      ...nothingYet,
      missingRights: await missingRights(this.dialect, source.manager),
      clockAheadBy: await this.clock(source),
    };
  }

  private async clock(source: DataSource): Promise<number | undefined> {
    const before = Date.now();
    try {
      const { clock } = await this.dialect.userKeys(source).look([nobody], 1);
      // The answer left the server somewhere between the two.
      return Math.round(clock - (before + Date.now()) / 2);
    } catch {
      // A right that is missing, which is told.
      return undefined;
    }
  }
}

const nothingYet: DatabaseFacts = { isToBeMade: false, pending: [], missingRights: [], clockAheadBy: undefined };

/** Asks by statements that touch no row: the server checks rights before it looks for rows. */
async function missingRights(dialect: Dialect, manager: EntityManager): Promise<MissingRight[]> {
  const missing: MissingRight[] = [];
  for (const [table, rights] of Object.entries(needed)) {
    for (const right of ['select', ...rights] as const) {
      const why = await refusal(dialect, () => manager.query(statementsFor(manager, table)[right]));
      if (why !== undefined) missing.push({ right, table, why });
    }
  }
  return missing;
}

/** The server's words; a connection that a pool dropped after a refusal before is no refusal. */
async function refusal(dialect: Dialect, ask: () => Promise<unknown>): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ask();
      return undefined;
    } catch (error) {
      const failure = dialect.failureOf(error);
      // Whoever has the file's lock takes no right away.
      if (failure === 'busy') return undefined;
      if (failure !== 'connection-lost' || attempt === 3) return messageOf(error);
    }
  }
}

/**
 * Columns that an insert has to name. The history's rows are numbered by the database, which takes no number for them.
 */
const given: Readonly<Record<string, readonly string[]>> = {
  UserKeyHistory: ['UserId', 'CreationDate', 'ReplacedDate', 'Cause'],
};

function statementsFor({ dataSource }: EntityManager, table: string): Record<MissingRight['right'], string> {
  const escaped = (word: string): string => dataSource.driver.escape(word);
  const [name, key] = [escaped(table), escaped('Key')];
  const columns = (given[table] ?? ['Id', 'CreationDate']).map(escaped).join(', ');
  return {
    select: `SELECT 1 FROM ${name} WHERE 1 = 0`,
    insert: `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${name} WHERE 1 = 0`,
    update: `UPDATE ${name} SET ${key} = ${key} WHERE 1 = 0`,
    delete: `DELETE FROM ${name} WHERE 1 = 0`,
  };
}
