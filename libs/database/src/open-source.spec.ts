import { afterEach, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { databaseSettingsSchema } from './database.settings.js';
import { openSource } from './dialect/open-source.js';
import { openDialect } from './products.js';
import { refused, welcome } from './testing/postgresql-messages.js';
import { type SilentServer, startSilentServer } from './testing/silent-server.js';

describe('a data source that fails after its pool is open', () => {
  let server: SilentServer;
  afterEach(() => server.close());

  test.each([
    ['because the server refuses a statement', [welcome, refused]],
    ['because the server answers no more', [welcome]],
  ])('%s, leaves no connection behind', async (_, answers) => {
    server = await startSilentServer(answers);
    const dialect = await openDialect(
      databaseSettingsSchema.parse({
        provider: 'postgresql',
        postgreSqlConnectionString: `Host=127.0.0.1;Port=${server.port};Username=u`,
        statementTimeoutSeconds: 1,
      }),
    );
    await expect(openSource(dialect, new DataSource(dialect.dataSourceOptions))).rejects.toThrow();
    expect(server.connections()).toBe(1);
    await server.left();
  });
});
