import { mariadbKind } from '../database/mariadb-kind.js';
import { mysqlDatabases } from '../database/test-database.js';
import { hasMysql, ownsMariadb } from '../lab/databases/mariadb.server.js';
import { describeFirstStart } from './first-start.suite.js';
import { onServer } from './first-start-on-server.js';

/** The service's own lock, see libs/database: one a database, for migrations and for the first data key. */
const serviceLock = `DO GET_LOCK(CONCAT('key-connector.', MD5(LOWER(DATABASE()))), 0)`;

/**
 * MariaDB's BACKUP LOCK keeps a table from being made or changed, also one that is not there yet. Each step commits by
 * itself; what each leaves behind is seen in test/database/mysql-faults.
 */
const insideMigrations = [
  ['inside the first migration', 'BACKUP LOCK "UserKeys"'],
  ['inside the second migration', 'BACKUP LOCK "DataKeyWrappings"'],
] as const;

describeFirstStart(
  onServer(
    { ...mariadbKind, name: 'MySQL or MariaDB', here: hasMysql },
    () => mysqlDatabases({ parameters: { 'max-connections': '300' } }),
    {
      rounds: { processes: 1, warm: 4, kills: 3 },
      migrationStops: [
        ['before the migration, waiting for the lock', serviceLock],
        ...(ownsMariadb ? insideMigrations : []),
      ],
      dataKeyStops: [
        ['before the data key, waiting for the lock', serviceLock],
        ['with the data key inserted, but not its wrapping', 'LOCK TABLES "DataKeyWrappings" READ'],
      ],
    },
  ),
);
