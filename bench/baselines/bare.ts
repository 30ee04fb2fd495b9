// Baseline A: the least code that reads a member's key. One prepared SELECT for each request, no framework, no log.
import pg from 'pg';
import { readConfig } from './config.ts';
import { serveMembers } from './member-server.ts';

const config = readConfig();
const pool = new pg.Pool({ connectionString: config.databaseUrl, max: 10 });

await serveMembers(config, async (userId) => {
  // A name makes pg prepare the statement once per connection.
  const { rows } = await pool.query<{ Key: string }>({
    name: 'read-user-key',
    text: 'SELECT "Key" FROM "UserKeys" WHERE "Id" = $1',
    values: [userId],
  });
  return rows[0]?.Key;
});
