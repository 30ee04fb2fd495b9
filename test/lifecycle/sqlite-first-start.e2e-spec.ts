import SqliteDatabase from 'better-sqlite3';
import { sqliteDatabases } from '../database/test-database.js';
import { statusOf } from '../lab/network/http-call.js';
import { until } from '../lab/processes/until.js';
import { describeFirstStart, type Stop } from './first-start.suite.js';

/** The whole file, as another program's writing transaction holds it. */
const held = (where: string): Stop => ({
  where,
  hold: ({ settings: { sqliteConnectionString = '' } }) => {
    const other = new SqliteDatabase(sqliteConnectionString.replace('Data Source=', ''));
    other.pragma('journal_mode = WAL');
    other.exec('BEGIN IMMEDIATE');
    return Promise.resolve({
      run: (sql) => Promise.resolve(other.exec(sql)),
      end: () => Promise.resolve(void other.close()),
    });
  },
});

// Replicas of one machine share the file, such as the old and the new one of an update.
describeFirstStart({
  name: 'SQLite',
  here: true,
  reason: '',
  start: sqliteDatabases,
  rounds: { processes: 0, warm: 4, kills: 2 },
  migrationStops: [held('before the migration, waiting for the file')],
  dataKeyStops: [held('before the data key, waiting for the file')],
  // A file does not show who waits for it: they live, and have come as far as they can.
  untilStuck: async (_place, starts) => {
    for (const { url } of starts)
      await until(async () => (await statusOf(`${url}/alive`)) === 200, 'the start listens', 30_000);
  },
  untilAlone: () => Promise.resolve(),
});
