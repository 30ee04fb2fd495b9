import { expect, test } from '@jest/globals';
import { greeting, ok } from '../testing/mysql-messages.js';
import { startSilentServer } from '../testing/silent-server.js';
import { MysqlPool } from './mysql.pool.js';

test.each([
  ['at the login', []],
  ['when the session is set up', [ok(2)]],
])('a pool ends although a server says nothing more %s', async (_, answers) => {
  const server = await startSilentServer(answers, greeting);
  const pool = new MysqlPool({
    host: '127.0.0.1',
    port: server.port,
    tlsName: '127.0.0.1.',
    acquireMilliseconds: 60_000,
    statementSeconds: 2,
    staleReads: false,
    driver: { user: 'u', database: 'keys', connectionLimit: 1 },
  });
  const failed = pool.run('SELECT 1').catch((error: unknown) => error);
  while (server.received().length === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => {
    pool.end(() => {
      resolve();
    });
  });
  await server.left();
  await server.close();
  expect(await Promise.race([failed, Promise.resolve('waits on')])).toBeDefined();
});
