import SqliteDatabase from 'better-sqlite3';
import type { Store } from './store.ts';

/** Through better-sqlite3, in this process; every commit waits for the disk, as the service's does. */
export function sqliteStore(file: string): Store {
  const database = new SqliteDatabase(file, { timeout: 5000 });
  database.pragma('synchronous = FULL');
  const select = database.prepare<[string], { Key: string }>('SELECT "Key" FROM "UserKeys" WHERE "Id" = ?');
  const upsert = database.prepare(
    `INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES (?, ?, ?, ?)
     ON CONFLICT ("Id") DO UPDATE SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId",
       "RevisionDate" = excluded."CreationDate"`,
  );
  return {
    read: (userId) => Promise.resolve(select.get(userId.toUpperCase())?.Key),
    write: (userId, value, dataKeyId) => {
      const now = new Date().toISOString().replace('T', ' ').replace('Z', '0000');
      upsert.run(userId.toUpperCase(), value, dataKeyId, now);
      return Promise.resolve();
    },
  };
}
