// Baseline B: what an ORM service does when it is written straight down. It reads the row, reads it again to change it,
// and writes the access time before it answers. Everything else is baseline A's code.
import { DataSource, EntitySchema } from 'typeorm';
import { readConfig } from './config.ts';
import { serveMembers } from './member-server.ts';

interface UserKey {
  id: string;
  key: string;
  lastAccessDate: Date | null;
}

const userKey = new EntitySchema<UserKey>({
  name: 'UserKey',
  tableName: 'UserKeys',
  columns: {
    id: { name: 'Id', type: 'uuid', primary: true },
    key: { name: 'Key', type: 'text' },
    lastAccessDate: { name: 'LastAccessDate', type: 'timestamp', nullable: true },
  },
});

const config = readConfig();
const source = new DataSource({ type: 'postgres', url: config.databaseUrl, entities: [userKey] });
const userKeys = (await source.initialize()).getRepository(userKey);

await serveMembers(config, async (id) => {
  const found = await userKeys.findOneBy({ id });
  if (!found) return undefined;
  const again = await userKeys.findOneByOrFail({ id });
  // update() is one statement; save() would be a third SELECT and a transaction of its own.
  await userKeys.update({ id }, { lastAccessDate: new Date() });
  return again.key;
});
