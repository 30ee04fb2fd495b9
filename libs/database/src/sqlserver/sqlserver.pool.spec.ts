import { afterEach, describe, expect, test } from '@jest/globals';
import { type SilentServer, startSilentServer } from '../testing/silent-server.js';
import { parseSqlserver } from './connection-string.js';
import { poolOptions, SqlserverPool } from './sqlserver.pool.js';

/** The answer to PRELOGIN (MS-TDS 2.2.6.5): the server's version, and whether it encrypts. */
const prelogin = (encryption: number): Buffer => {
  const options = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0, 0, 0, 0, encryption]);
  return Buffer.concat([Buffer.from([4, 1, 0, 8 + options.length, 0, 0, 1, 0]), options]);
};
const [encrypts, knowsNoTls] = [prelogin(1), prelogin(2)];

describe('a first connection to a SQL Server that says nothing more, and does not hang up,', () => {
  let server: SilentServer;
  afterEach(() => server.close());

  test.each<[string, 'Mandatory' | 'Optional', readonly Buffer[]]>([
    ['once it took the connection', 'Mandatory', []],
    ['when TLS is to begin', 'Mandatory', [encrypts]],
    ['at the login', 'Optional', [knowsNoTls]],
  ])('%s, ends at its deadline and leaves no connection', async (_, encrypt, answers) => {
    server = await startSilentServer(answers);
    const connection = parseSqlserver(`Server=127.0.0.1,${server.port};User Id=u;Password=p;Encrypt=${encrypt}`);
    const pool = new SqlserverPool(
      poolOptions({
        connection: { ...connection, connectTimeout: 0.3 },
        identity: undefined,
        importJsonFilePath: undefined,
        expect: 'any',
        migrate: true,
        allowStaleReads: false,
        connectTimeoutSeconds: 5,
        acquireTimeoutSeconds: 5,
        statementTimeoutSeconds: 5,
      }),
    );
    await expect(pool.connect()).rejects.toMatchObject({ code: 'ETIMEOUT' });
    await server.left();
  });
});
