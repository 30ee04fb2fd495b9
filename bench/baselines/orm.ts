// Baseline B: what an ORM service does when it is written straight down. It reads the row, reads it again to change it,
// and writes the access time before it answers. Everything else is baseline A's code.
import { DataSource, type DataSourceOptions, EntitySchema } from 'typeorm';
import type { DatabaseKind } from '../databases/index.ts';
import { readConfig } from './config.ts';
import { serveMembers } from './member-server.ts';

interface UserKey {
  id: string;
  key: string;
  lastAccessDate: string | null;
}

const userKey = new EntitySchema<UserKey>({
  name: 'UserKey',
  tableName: 'UserKeys',
  columns: {
    id: { name: 'Id', type: String, primary: true },
    key: { name: 'Key', type: String },
    lastAccessDate: { name: 'LastAccessDate', type: String, nullable: true },
  },
});

const sources: Record<DatabaseKind, (url: string) => DataSourceOptions> = {
  mysql: (url) => ({ type: 'mysql', url }),
  postgresql: (url) => ({ type: 'postgres', url }),
  sqlite: (database) => ({ type: 'better-sqlite3', database }),
};

const config = readConfig();
const source = new DataSource({ ...sources[config.kind](config.databaseUrl), entities: [userKey] });
const userKeys = (await source.initialize()).getRepository(userKey);
const idOf = (userId: string): string => (config.kind === 'sqlite' ? userId.toUpperCase() : userId);

await serveMembers(config, async (userId) => {
  const id = idOf(userId);
  const found = await userKeys.findOneBy({ id });
  if (!found) return undefined;
  const again = await userKeys.findOneByOrFail({ id });
  // update() is one statement; save() would be a third SELECT and a transaction of its own.
  await userKeys.update({ id }, { lastAccessDate: new Date().toISOString().replace('T', ' ').replace('Z', '') });
  return again.key;
});
