import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { OptionalLock } from '../dialect/optional-lock.js';
import { DatabaseUnavailable } from '../errors/database.errors.js';
import { driverErrorOf } from '../errors/driver-error.js';

/** One lock a database, for migrations and for the data key ring; lock names are the whole server's. */
const lockName = `CONCAT('key-connector.', MD5(LOWER(DATABASE())))`;

/**
 * What a server, or a proxy before it, says that has no GET_LOCK: unknown error (Percona XtraDB Cluster, strict mode),
 * not supported yet (MariaDB with Galera in some builds), no such function, disabled, not allowed.
 */
const refusals: readonly (number | undefined)[] = [1105, 1148, 1227, 1235, 1289, 1305, 1370];

/** Whether an error of the statement that takes the lock says that there is none. */
export const isLockRefusal = (error: unknown): boolean => refusals.includes(driverErrorOf(error)?.errno);

/**
 * Runs work in one transaction under a lock of the server (`GET_LOCK`) that the same connection holds: it goes with the
 * connection, as the transaction does, so a killed holder blocks nobody and nobody goes on without it. A lock of the
 * transaction would go too early: MySQL commits at every change of a table. The lock is one server's: at two nodes of a
 * cluster work can run at once, as where there is no lock at all.
 *
 * @throws DatabaseUnavailable when another holds the lock for longer than `seconds`.
 */
export async function underLock<T>(
  source: DataSource,
  lock: OptionalLock,
  seconds: number,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return lock.run(async (take) => {
    const runner = source.createQueryRunner();
    try {
      const question = `SELECT GET_LOCK(${lockName}, ?) AS taken`;
      const answer = await take(() => runner.query(question, [seconds]) as Promise<{ taken: unknown }[]>);
      if (answer === undefined) return await inTransaction(runner, work);
      const [row] = answer;
      if (Number(row?.taken) !== 1) throw new DatabaseUnavailable('Another instance holds the lock of the database.');
      try {
        return await inTransaction(runner, work);
      } finally {
        // A connection that cannot say so is gone, and the lock with it.
        await runner.query(`DO RELEASE_LOCK(${lockName})`).catch(() => undefined);
      }
    } finally {
      await runner.release();
    }
  });
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
