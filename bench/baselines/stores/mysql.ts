import { createPool, type RowDataPacket } from 'mysql2/promise';
import type { Store } from './store.ts';

/** Through mysql2, with statements that it prepares once per connection. */
export function mysqlStore(url: string): Store {
  const pool = createPool({ uri: url, connectionLimit: 10 });
  return {
    read: async (userId) => {
      const [rows] = await pool.execute<RowDataPacket[]>('SELECT `Key` FROM `UserKeys` WHERE `Id` = ?', [userId]);
      return rows[0]?.['Key'] as string | undefined;
    },
    write: async (userId, value, dataKeyId) => {
      await pool.execute(
        `INSERT INTO \`UserKeys\` (\`Id\`, \`Key\`, \`DataKeyId\`, \`CreationDate\`) VALUES (?, ?, ?, UTC_TIMESTAMP(6))
         ON DUPLICATE KEY UPDATE \`Key\` = ?, \`DataKeyId\` = ?, \`RevisionDate\` = UTC_TIMESTAMP(6)`,
        [userId, value, dataKeyId, value, dataKeyId],
      );
    },
  };
}
