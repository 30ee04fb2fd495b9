import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { DatabaseUnavailable } from '@key-connector/database';
import { hasMysql, mysqlReason, startMariadb } from '../lab/databases/mariadb.server.js';
import { startPostgres } from '../lab/databases/postgres.server.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import { until } from '../lab/processes/until.js';
import { describeIf } from '../lab/skip/skip.js';
import { newId, openDatabase, put, type OpenDatabase } from './open-database.js';

interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** A path to a server that can be made to swallow everything, as a network that is cut does. */
class Path {
  readonly endings: string[] = [];
  private readonly sockets = new Set<Socket>();
  private cut = false;
  private readonly server: Server;

  constructor(target: TestServer) {
    this.server = createServer((near) => {
      const far = connect(target.port, target.host);
      this.sockets.add(near).add(far);
      near.on('data', (bytes) => this.cut || far.write(bytes));
      far.on('data', (bytes) => this.cut || near.write(bytes));
      near.on('end', () => this.endings.push('end'));
      near.on('error', (error: NodeJS.ErrnoException) => this.endings.push(error.code ?? ''));
      near.on('close', () => far.destroy());
      far.on('error', () => undefined).on('close', () => near.destroy());
    });
  }

  async open(): Promise<number> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Opens it at a Unix socket instead. */
  async openAt(file: string): Promise<void> {
    await once(this.server.listen(file), 'listening');
  }

  swallow(cut: boolean): void {
    this.cut = cut;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const postgresql = (url: string) => ({ provider: 'postgresql', postgreSqlConnectionString: url });
const mysql = (url: string) => ({ provider: 'mysql', mySqlConnectionString: url });

describeIf(true, '', 'a PostgreSQL connection that is not answered in time', () => {
  suite(startPostgres, postgresql, { file: '.s.PGSQL.5432', query: (folder) => `host=${folder}&port=5432` });
});
describeIf(hasMysql, mysqlReason, 'a MySQL connection that is not answered in time', () => {
  suite(startMariadb, mysql, { file: 'mysqld.sock', query: (folder) => `socket=${folder}/mysqld.sock` });
});

/** How a product's Unix socket is called, and how a URL names it. */
interface UnixSocket {
  readonly file: string;
  readonly query: (folder: string) => string;
}

function suite(
  start: () => Promise<TestServer>,
  settings: (url: string) => Record<string, string>,
  unix: UnixSocket,
): void {
  let server: TestServer;
  let path: Path;
  let opened: OpenDatabase;

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    path = new Path(server);
    const url = new URL(server.url);
    url.port = String(await path.open());
    opened = await openDatabase({ ...settings(url.toString()), statementTimeoutSeconds: '1' });
  });
  afterEach(async () => {
    await opened.close();
    path.close();
  });

  test('is reset, so that no write is delivered after it was refused', async () => {
    const id = newId();
    await put(opened.database, id, 'v');
    path.endings.length = 0;
    path.swallow(true);
    await expect(put(opened.database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
    await until(() => path.endings.length > 0, 'the connection has ended');
    expect(path.endings).toEqual(['ECONNRESET']);
    path.swallow(false);
    const [row] = await opened.database.read(({ userKeys }) => userKeys.find([id]));
    expect(row?.value).toBe('v');
  });

  test.each([
    ['a ping', (one: OpenDatabase) => one.database.ping()],
    ['work under the lock', (one: OpenDatabase) => one.database.lock((manager) => manager.query('SELECT 1'))],
  ])('is not used again after %s', async (_, work) => {
    path.endings.length = 0;
    path.swallow(true);
    await expect(work(opened)).rejects.toThrow(DatabaseUnavailable);
    path.swallow(false);
    // Behind the statement that is never answered, what comes next would wait in vain.
    await until(() => path.endings.length > 0, 'the connection has ended');
    await opened.database.read(({ userKeys }) => userKeys.find([newId()]));
  });

  test('of a Unix socket is closed, and the next one does the work', async () => {
    const folder = await tempFolder('unix-socket');
    const near = new Path(server);
    await near.openAt(join(folder.path, unix.file));
    const url = `${server.url}?${unix.query(folder.path)}`;
    const local = await openDatabase({ ...settings(url), statementTimeoutSeconds: '1' });
    try {
      const id = newId();
      await put(local.database, id, 'v');
      near.endings.length = 0;
      near.swallow(true);
      await expect(put(local.database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
      near.swallow(false);
      const [row] = await local.database.read(({ userKeys }) => userKeys.find([id]));
      expect(row?.value).toBe('v');
      expect(near.endings).toEqual(['end']);
    } finally {
      await local.close();
      near.close();
      await folder.remove();
    }
  });
}
