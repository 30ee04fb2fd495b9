import pg from 'pg';
import type { Store } from './store.ts';

/** Through node-postgres; a name makes it prepare the statement once per connection. */
export function postgresqlStore(url: string): Store {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  return {
    read: async (userId) => {
      const { rows } = await pool.query<{ Key: string }>({
        name: 'read-user-key',
        text: 'SELECT "Key" FROM "UserKeys" WHERE "Id" = $1',
        values: [userId],
      });
      return rows[0]?.Key;
    },
    write: async (userId, value, dataKeyId) => {
      await pool.query({
        name: 'write-user-key',
        text: `INSERT INTO "UserKeys" ("Id", "Key", "DataKeyId", "CreationDate") VALUES ($1, $2, $3, now() AT TIME ZONE 'UTC')
          ON CONFLICT ("Id") DO UPDATE SET "Key" = excluded."Key", "DataKeyId" = excluded."DataKeyId",
            "RevisionDate" = now() AT TIME ZONE 'UTC'`,
        values: [userId, value, dataKeyId],
      });
    },
  };
}
