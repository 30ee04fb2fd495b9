import { ClassicTables1760000000001 } from './1-classic-tables.js';
import { DataKeys1760000000002 } from './2-data-keys.js';

/**
 * Migrations of a MySQL or MariaDB database, oldest first. MySQL commits at every change of a table: each step looks
 * first whether it is done, so that a migration that was cut off anywhere is run again to its end.
 */
export const mysqlMigrations = [ClassicTables1760000000001, DataKeys1760000000002];
