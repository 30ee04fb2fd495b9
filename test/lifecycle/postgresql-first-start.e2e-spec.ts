import { postgresqlKind } from '../database/postgresql-kind.js';
import { postgresDatabases } from '../database/test-database.js';
import { describeFirstStart } from './first-start.suite.js';
import { onServer } from './first-start-on-server.js';

/** The service's own lock, see libs/database: one a database, for migrations and for the first data key. */
const serviceLock = 'SELECT pg_advisory_lock(30229461374070382)';

describeFirstStart(
  onServer({ ...postgresqlKind, here: true }, () => postgresDatabases({ parameters: { max_connections: '300' } }), {
    rounds: { processes: 1, warm: 5, kills: 3 },
    migrationStops: [
      ['before the migration, waiting for the lock', serviceLock],
      // Not committed, so that nobody sees it; another CREATE of that name waits to learn whether it will be.
      ['inside the first migration', 'CREATE TABLE "UserKeys" ("Id" uuid)'],
      ['inside the second migration', 'CREATE TABLE "DataKeyWrappings" ("Id" uuid)'],
    ],
    dataKeyStops: [
      ['before the data key, waiting for the lock', serviceLock],
      ['with the data key inserted, but not its wrapping', 'LOCK TABLE "DataKeyWrappings" IN SHARE MODE'],
    ],
  }),
);
