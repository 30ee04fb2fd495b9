import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SqliteDatabase from 'better-sqlite3';
import { tempFolder } from '../lab/files/temp-folder.js';
import type { OutageStage } from './outage-stage.js';

/** A file, and another program that writes into it. */
export async function sqliteStage(): Promise<OutageStage> {
  const folder = await tempFolder('outage');
  const file = join(folder.path, 'keys.db');
  return {
    settings: {
      database__provider: 'sqlite',
      database__sqliteConnectionString: `Data Source=${file}`,
      // Writes wait for a lock that goes sooner.
      database__statementTimeoutSeconds: '2',
    },
    outages: [
      {
        name: 'a program that keeps the file locked for 5 s',
        befall: async () => {
          const other = new SqliteDatabase(file);
          try {
            other.exec('BEGIN IMMEDIATE');
            await sleep(5000);
            other.exec('ROLLBACK');
          } finally {
            other.close();
          }
        },
      },
    ],
    stop: () => folder.remove(),
  };
}
