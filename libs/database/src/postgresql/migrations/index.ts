import { ClassicTables1760000000001 } from './1-classic-tables.js';
import { DataKeys1760000000002 } from './2-data-keys.js';

/** Migrations of a PostgreSQL database, oldest first. */
export const postgresqlMigrations = [ClassicTables1760000000001, DataKeys1760000000002];
