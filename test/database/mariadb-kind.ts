import { createConnection } from 'mysql2/promise';
import { mysqlReason, ownsMariadb } from '../lab/databases/mariadb.server.js';
import type { ServerKind } from './server-kind.js';
import { mysqlDatabases } from './test-database.js';

const sessions = `FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`;

export const mariadbKind: ServerKind = {
  name: 'MariaDB',
  here: ownsMariadb,
  reason: mysqlReason,
  start: () => mysqlDatabases(),
  stringSetting: 'mySqlConnectionString',
  poolSize: 'Maximum Pool Size',
  hold: async (url, sql) => {
    const connection = await createConnection(url);
    // A test may end this session with all others.
    connection.on('error', () => undefined);
    await connection.query(`SET SESSION sql_mode = 'ANSI_QUOTES'`);
    await connection.query('BEGIN');
    await connection.query(sql);
    let ended: Promise<void> | undefined;
    return {
      run: (text) => connection.query(text),
      rowWaiters: `SELECT requesting_trx_id FROM information_schema.innodb_lock_waits
        JOIN information_schema.innodb_trx ON trx_id = blocking_trx_id
        WHERE trx_mysql_thread_id = ${connection.threadId}`,
      end: () => (ended ??= connection.end().catch(() => undefined)),
    };
  },
  lockMembers: 'LOCK TABLES "UserKeys" WRITE',
  lockMembersForReads: 'LOCK TABLES "UserKeys" READ',
  endOthers: `BEGIN NOT ATOMIC
      FOR c IN (SELECT id ${sessions}) DO
        BEGIN
          DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
          EXECUTE IMMEDIATE CONCAT('KILL ', c.id);
        END;
      END FOR;
    END`,
  others: `SELECT id ${sessions}`,
  waiting: `SELECT id ${sessions} AND (state LIKE 'Waiting for table%' OR state LIKE 'User lock' OR id IN (
      SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'))`,
  waitingForTable: `SELECT id ${sessions} AND state LIKE 'Waiting for table%'`,
  end: (id) => `KILL ${id}`,
};
