import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Dialect } from '../dialect/dialect.js';
import type { Limits } from '../dialect/product.js';
import { DatabaseUnexpected } from '../errors/database.errors.js';
import { driverErrorOf } from '../errors/driver-error.js';

/**
 * Tables whose rows make a deployment: members, what they had before, a classic data key, the ring and its data keys.
 */
const withKeys = ['UserKeys', 'UserKeyHistory', 'ApplicationDatas', 'DataKeys', 'RingManifests'];

/** All that this service makes, and with it the classic tables. */
const ours = [...withKeys, 'DataKeyWrappings', 'KeyConnectorMigrations'];

/**
 * What `database__expect` says of the place that a connection leads to. Each question is put to the session that it is
 * about: what a pooler, a role or a server gives to one session, another need not have.
 */
export class Expectation {
  private readonly logger = new Logger(Expectation.name);
  private warned = false;

  constructor(
    private readonly dialect: Dialect,
    private readonly settings: Pick<Limits, 'expect'>,
  ) {}

  /**
   * Before tables are made or changed, and under the lock once more. Only reads.
   *
   * @throws DatabaseUnexpected that says what was found, and where it was looked.
   */
  async beforeTables(manager: EntityManager): Promise<void> {
    const { expect } = this.settings;
    if (expect === 'any') return;
    const tables = await this.tables(manager);
    if (expect === 'empty') {
      if (tables.length > 0) throw await this.notEmpty(manager, tables);
      return;
    }
    const filled = await filledOf(manager, tables);
    if (filled.length === 0) throw await this.nothingThere(manager, tables);
    if (!filled.includes('UserKeys')) await this.warn(manager);
  }

  /**
   * Before a first data key is made or brought in, which is done only where there is neither data key nor member. The
   * session that makes it may lead elsewhere than the one that was asked before.
   */
  async beforeFirstDataKey(manager: EntityManager): Promise<void> {
    if (this.settings.expect === 'existing') throw await this.nothingThere(manager, await this.tables(manager));
  }

  /** What a server's word that it has no such database means: waiting for one brings no deployment back. */
  absence(error: unknown): DatabaseUnexpected | undefined {
    const { absent } = this.dialect.sight;
    if (this.settings.expect !== 'existing' || absent === undefined || driverErrorOf(error)?.code !== absent) return;
    return new DatabaseUnexpected(
      `database__expect is existing, but the server has no such database: ${this.dialect.description}. Nothing was made.`,
    );
  }

  /** Those of our tables that statements of this session find. */
  private async tables(manager: EntityManager): Promise<string[]> {
    const found = await manager.query<{ name: string }[]>(this.dialect.sight.tables(ours));
    return ours.filter((table) => found.some(({ name }) => name === table));
  }

  private async nothingThere(manager: EntityManager, tables: readonly string[]): Promise<DatabaseUnexpected> {
    const there = tables.length === 0 ? 'none of its tables' : `${listed(tables)}, without a data key or a member`;
    const elsewhere = await this.elsewhere(manager);
    return new DatabaseUnexpected(
      `database__expect is existing, but no deployment was found. Looked in ${await this.place(manager)}: ${there}.` +
        `${elsewhere} Nothing was made or changed. Was the connection string cut off, at a # or a quote, or does it name ` +
        `another place? ${tables.length === 0 ? forFirstStart : forEmptyTables}`,
    );
  }

  private async notEmpty(manager: EntityManager, tables: readonly string[]): Promise<DatabaseUnexpected> {
    const filled = await filledOf(manager, tables);
    const rows = filled.length === 0 ? 'without a data key or a member' : `with rows in ${listed(filled)}`;
    return new DatabaseUnexpected(
      `database__expect is empty, but something was found. Looked in ${await this.place(manager)}: ${listed(tables)}, ` +
        `${rows}. Nothing was made or changed. ${filled.length === 0 ? forEmptyTables : forOthers}`,
    );
  }

  private async warn(manager: EntityManager): Promise<void> {
    if (this.warned) return;
    this.warned = true;
    const database = await this.place(manager);
    this.logger.warn({
      msg: 'database__expect is existing: there is a data key, but no member has a key here',
      database,
    });
  }

  private async place(manager: EntityManager): Promise<string> {
    const { place } = this.dialect.sight;
    const [row] = place === undefined ? [] : await manager.query<{ place: string }[]>(place);
    return row === undefined ? this.dialect.description : `${this.dialect.description} (${row.place})`;
  }

  private async elsewhere(manager: EntityManager): Promise<string> {
    const { elsewhere } = this.dialect.sight;
    if (elsewhere === undefined) return '';
    const places = await manager.query<{ place: string }[]>(elsewhere(withKeys));
    return places.length === 0
      ? ''
      : ` Tables of these names stand in: ${places.map(({ place }) => place).join(', ')}.`;
  }
}

/**
 * A start that ended between its tables and its data key leaves them, and so does an import that was refused; but
 * another replica may just be between the two.
 */
const forEmptyTables =
  'These tables hold nothing, as an earlier start or a refused import leaves them: for a new deployment in this place set ' +
  'database__expect to any for one start, or drop them while every replica is stopped. Otherwise name another place.';

const forFirstStart = 'Set database__expect to empty for the first start of a new deployment.';

const forOthers =
  'The word is for one first start: if that made these tables, set database__expect to existing. Otherwise name another ' +
  'place, or set any to use what is there.';

/** Those that hold a row, of the ones whose rows count. */
async function filledOf(manager: EntityManager, tables: readonly string[]): Promise<string[]> {
  const filled: string[] = [];
  for (const table of tables.filter((name) => withKeys.includes(name))) {
    const rows = await manager.createQueryBuilder().select('1', 'one').from(table, 't').limit(1).getRawMany();
    if (rows.length > 0) filled.push(table);
  }
  return filled;
}

const listed = (tables: readonly string[]): string => `the table${tables.length === 1 ? '' : 's'} ${tables.join(', ')}`;
