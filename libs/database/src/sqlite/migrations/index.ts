import { ClassicTables1760000000001 } from './1-classic-tables.js';
import { DataKeys1760000000002 } from './2-data-keys.js';

/** Migrations of an SQLite database, oldest first. */
export const sqliteMigrations = [ClassicTables1760000000001, DataKeys1760000000002];
