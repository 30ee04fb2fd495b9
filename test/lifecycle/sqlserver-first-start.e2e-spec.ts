import mssql from 'mssql';
import { sqlserverKinds, type TestDatabase } from '../database/test-database.js';
import { onSqlserver } from '../lab/databases/sqlserver.client.js';
import { until } from '../lab/processes/until.js';
import { describeFirstStart, type Stop } from './first-start.suite.js';

/** Reads go on; the wrapping that the first start inserts behind its data key waits. */
const wrappingHeld: Stop = {
  where: 'with the lock in its hands and the data key inserted, but not its wrapping',
  hold: async ({ settings: { sqlServerConnectionString = '' } }) => {
    let letGo = (): void => undefined;
    const released = new Promise<void>((resolve) => (letGo = resolve));
    let holding: Promise<void> | undefined;
    await new Promise<void>((held, failed) => {
      holding = onSqlserver(sqlServerConnectionString, async (pool) => {
        const holder = new mssql.Transaction(pool);
        await holder.begin();
        await holder.request().query('SELECT COUNT(*) AS n FROM "DataKeyWrappings" WITH (TABLOCK, HOLDLOCK)');
        held();
        await released;
        await holder.rollback();
      });
      holding.catch(failed);
    });
    return {
      run: () => Promise.reject(new Error('this holder only holds')),
      end: async () => {
        letGo();
        await holding;
      },
    };
  },
};

const isLocked = async (place: TestDatabase): Promise<boolean> => {
  const free = `SELECT APPLOCK_TEST('public', 'key-connector', 'Exclusive', 'Session') AS n`;
  return (await place.sql<{ n: number }>(free))[0]?.n === 0;
};

for (const kind of sqlserverKinds)
  describeFirstStart({
    ...kind,
    rounds: { processes: 0, warm: 2, kills: 2 },
    migrationStops: [],
    dataKeyStops: [wrappingHeld],
    untilStuck: (place) => until(() => isLocked(place), 'a start has the lock', 30_000),
    untilAlone: (place) => until(async () => !(await isLocked(place)), 'no start has the lock'),
  });
