import { setTimeout as sleep } from 'node:timers/promises';
import { KeyConnectorError } from '@key-connector/common';
import type { Database } from './database.js';
import { databaseErrorOf } from './dialect/database-error-of.js';
import type { Dialect } from './dialect/dialect.js';
import {
  type GuardedLayout,
  guardedLayouts,
  guardedPrefix,
  type LayoutGuardStatements,
} from './dialect/layout-guard.js';
import { DatabaseRowLocked, DatabaseUnsupported } from './errors/database.errors.js';
import { driverErrorOf } from './errors/driver-error.js';
import { withMigrationSource } from './migrations/migration-source.js';
import type { SealedValues } from './user-keys/sealed-values.js';

/** How often a change of the table is tried that does not get it; each time it waits for a moment only. */
const attempts = 60;

/** This login may not change the table; an administrator may. */
export class LayoutGuardDenied extends KeyConnectorError {
  readonly code = 'LAYOUT_GUARD_DENIED';

  constructor(
    what: string,
    /** For the database's own client. */
    readonly script: string,
  ) {
    super(`${what} Have an administrator of the database run this, and run the command again:\n${script}`);
  }
}

/**
 * The database's own guard against software that writes the classic layout: constraints or triggers on UserKeys. It is
 * put and taken away while members are served: no statement waits for the table longer than a moment, and none reads it
 * whole with others kept out.
 */
export class LayoutGuard {
  private readonly statements: LayoutGuardStatements;

  constructor(
    private readonly database: Database,
    private readonly dialect: Dialect,
    private readonly values: SealedValues,
  ) {
    this.statements = dialect.layoutGuard;
  }

  /** The layout that the database insists on, as far as this login may see; `undefined` where it takes any. */
  async standing(): Promise<GuardedLayout | undefined> {
    const names = await this.names();
    return guardedLayouts.findLast((layout) => this.statements.parts(layout).every(({ name }) => names.has(name)));
  }

  /** Rows whose column DataKeyId and value do not fit each other: the guard would keep them from being touched. */
  misfits(): Promise<number> {
    return this.database.read(({ manager }) => this.values.countMisfits(manager, guardedPrefix));
  }

  /**
   * Has the database insist on a layout, in place of any other. Does what is left to do: one that was killed is run
   * again.
   *
   * @throws LayoutGuardDenied where this login may not; DatabaseRowLocked where others hold the table all the time.
   */
  async put(layout: GuardedLayout, signal?: AbortSignal): Promise<void> {
    const names = await this.names();
    const lacking = this.statements.parts(layout).filter(({ name }) => !names.has(name));
    // The new one first: between the two nothing classic can slip in.
    await this.change(
      [...lacking.map(({ create }) => create), ...this.others(layout, names)],
      'This login may not add what keeps classic software from writing into UserKeys.',
      signal,
    );
  }

  /**
   * Has the database look at every row whether it fits, where it can do so beside others.
   *
   * @throws DatabaseUnsupported where one does not; LayoutGuardDenied where this login may not.
   */
  async prove(layout: GuardedLayout, signal?: AbortSignal): Promise<void> {
    const proof = this.statements.prove?.(layout);
    if (proof === undefined) return;
    try {
      await this.change([proof], 'This login may not validate the constraint of UserKeys.', signal);
    } catch (error) {
      if (error instanceof KeyConnectorError || driverErrorOf(error)?.fromServer !== true) throw error;
      throw new DatabaseUnsupported(
        `${this.dialect.description}: a row of UserKeys does not fit the layout ${layout}, which the database now asks of every row ` +
          'that is written. Run key-connector data-key reencrypt, which mends it or says whose it is, and run the command again.',
      );
    }
  }

  /** Takes any layout again. Throws as `put`. */
  async takeAway(signal?: AbortSignal): Promise<void> {
    const denied = 'This login may not take away what keeps classic software from writing into UserKeys.';
    await this.change(this.others(undefined, await this.names()), denied, signal);
  }

  private others(layout: GuardedLayout | undefined, names: ReadonlySet<string>): string[] {
    const parts = guardedLayouts.filter((each) => each !== layout).flatMap((each) => this.statements.parts(each));
    return parts.filter(({ name }) => names.has(name)).map(({ drop }) => drop);
  }

  private names(): Promise<ReadonlySet<string>> {
    return this.database.read(async ({ manager }) => {
      const rows = await manager.query<{ name: string }[]>(this.statements.standing);
      return new Set(rows.map(({ name }) => name));
    });
  }

  /** Each in a transaction of its own, in the sessions of migrations, whose statements may take long. */
  private async change(statements: readonly string[], denied: string, signal: AbortSignal | undefined): Promise<void> {
    for (const [index, statement] of statements.entries()) {
      try {
        await this.patiently(statement, signal);
      } catch (error) {
        if (this.statements.isDenied(error))
          throw new LayoutGuardDenied(denied, this.statements.script(statements.slice(index)));
        throw databaseErrorOf(this.dialect, error) ?? error;
      }
    }
  }

  private async patiently(statement: string, signal: AbortSignal | undefined): Promise<void> {
    const { shortWait } = this.statements;
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      try {
        await withMigrationSource(this.dialect, (source) =>
          source.transaction(async (manager) => {
            if (shortWait !== undefined) await manager.query(shortWait);
            await manager.query(statement);
          }),
        );
        return;
      } catch (error) {
        const failure = this.dialect.failureOf(error);
        if (failure !== 'locked' && failure !== 'rolled-back' && failure !== 'busy') throw error;
        if (attempt >= attempts)
          throw new DatabaseRowLocked(
            `${this.dialect.description}: other sessions hold the table UserKeys, so its form cannot be changed. Look for a ` +
              'transaction that was left open or a backup that runs, and run the command again.',
          );
        await sleep(200 + Math.random() * 300);
      }
    }
  }
}
