import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { DatabaseUnavailable } from '../errors/database.errors.js';

/** One lock a database, for migrations and for the data key ring; lock names are the whole server's. */
const lockName = `CONCAT('key-connector.', MD5(LOWER(DATABASE())))`;

/**
 * Runs work in one transaction under a lock of the server (`GET_LOCK`) that the same connection holds: it goes with the
 * connection, as the transaction does, so a killed holder blocks nobody and nobody goes on without it. A lock of the
 * transaction would go too early: MySQL commits at every change of a table.
 *
 * @throws DatabaseUnavailable when another holds the lock for longer than `seconds`.
 */
export async function underLock<T>(
  source: DataSource,
  seconds: number,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    await take(runner, seconds);
    try {
      return await inTransaction(runner, work);
    } finally {
      // A connection that cannot say so is gone, and the lock with it.
      await runner.query(`DO RELEASE_LOCK(${lockName})`).catch(() => undefined);
    }
  } finally {
    await runner.release();
  }
}

async function take(runner: QueryRunner, seconds: number): Promise<void> {
  const [row] = (await runner.query(`SELECT GET_LOCK(${lockName}, ?) AS taken`, [seconds])) as { taken: unknown }[];
  if (Number(row?.taken) !== 1) throw new DatabaseUnavailable('Another instance holds the lock of the database.');
}

async function inTransaction<T>(runner: QueryRunner, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  await runner.startTransaction();
  try {
    const result = await work(runner.manager);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}
