import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DatabaseUnavailable } from '@key-connector/database';
import { tlsCertificate } from '../lab/files/certificate.js';
import { mysqlReason, ownsMariadb, startMariadb, type MariadbServer } from '../lab/databases/mariadb.server.js';
import { describeIf } from '../lab/skip/skip.js';
import { tempFolder, type TempFolder } from '../lab/files/temp-folder.js';
import { giveToUnprivileged } from '../lab/processes/command-line.js';
import { newId, openDatabase, put } from './open-database.js';

describeIf(ownsMariadb, mysqlReason, 'TLS to MariaDB', () => {
  let folder: TempFolder;
  /** Its certificate names localhost. */
  let named: MariadbServer;
  /** Its certificate names 127.0.0.1. */
  let addressed: MariadbServer;
  let plain: MariadbServer;

  /** Whether the connections are encrypted; each is one of the service's pool, not the one that looks at the server. */
  const connect = async (server: MariadbServer, mode: string, host = 'localhost', user = 'root'): Promise<boolean> => {
    const string = `Server=${host};Port=${server.port};Database=keys;User Id=${user};SslMode=${mode}`;
    const one = await openDatabase({ provider: 'mysql', mySqlConnectionString: string });
    try {
      const rows = await one.source.query<{ Value: string }[]>(`SHOW SESSION STATUS LIKE 'Ssl_cipher'`);
      return rows[0]?.Value !== '';
    } finally {
      await one.close();
    }
  };
  const file = (name: string): string => join(folder.path, name);
  const ca = (name: string): string => `SslCa=${file(name)}`;

  const startWith = async (name: 'localhost' | '127.0.0.1'): Promise<MariadbServer> => {
    const { caPem, certificatePem, keyPem } = tlsCertificate([], [name]);
    const files = { 'ca.pem': caPem, 'server.pem': certificatePem, 'server.key': keyPem };
    for (const [suffix, pem] of Object.entries(files)) {
      await writeFile(file(`${name}-${suffix}`), pem, { mode: 0o600 });
      await giveToUnprivileged(file(`${name}-${suffix}`));
    }
    const [authority, cert, key] = Object.keys(files).map((suffix) => file(`${name}-${suffix}`));
    const tls = { 'ssl-ca': authority ?? '', 'ssl-cert': cert ?? '', 'ssl-key': key ?? '' };
    return startMariadb({ parameters: { ...tls, socket: file(`${name}.sock`) } });
  };

  beforeAll(async () => {
    folder = await tempFolder('mysql-tls');
    await giveToUnprivileged(folder.path);
    named = await startWith('localhost');
    addressed = await startWith('127.0.0.1');
    plain = await startMariadb();
  });
  afterAll(async () => {
    await Promise.all([named, addressed, plain].map((server) => server.stop()));
    await folder.remove();
  });

  test('None goes without, Preferred and Required go with', async () => {
    expect(await connect(named, 'None')).toBe(false);
    expect(await connect(named, 'Preferred')).toBe(true);
    expect(await connect(named, 'Required')).toBe(true);
  });

  test('a server without TLS is used by Preferred, and refused by Required and stricter', async () => {
    expect(await connect(plain, 'Preferred')).toBe(false);
    for (const mode of ['Required', `VerifyCA;${ca('localhost-ca.pem')}`, `VerifyFull;${ca('localhost-ca.pem')}`]) {
      await expect(connect(plain, mode)).rejects.toThrow(DatabaseUnavailable);
    }
  });

  test('VerifyCA wants the right authority, whatever the name', async () => {
    expect(await connect(named, `VerifyCA;${ca('localhost-ca.pem')}`)).toBe(true);
    expect(await connect(named, `VerifyCA;${ca('localhost-ca.pem')}`, '127.0.0.1')).toBe(true);
    await expect(connect(named, `VerifyCA;${ca('127.0.0.1-ca.pem')}`)).rejects.toThrow(DatabaseUnavailable);
    await expect(connect(named, 'VerifyCA')).rejects.toThrow(/self.signed certificate/);
  });

  test('VerifyFull wants the right name too, be it a host or an address', async () => {
    expect(await connect(named, `VerifyFull;${ca('localhost-ca.pem')}`)).toBe(true);
    expect(await connect(addressed, `VerifyFull;${ca('127.0.0.1-ca.pem')}`, '127.0.0.1')).toBe(true);
    await expect(connect(named, `VerifyFull;${ca('localhost-ca.pem')}`, '127.0.0.1')).rejects.toThrow(/127\.0\.0\.1/);
    // The resolver takes 127.1 as 127.0.0.1, and the certificate does not name it.
    await expect(connect(addressed, `VerifyFull;${ca('127.0.0.1-ca.pem')}`, '127.1')).rejects.toThrow(/127\.1/);
    await expect(connect(named, `VerifyFull;${ca('127.0.0.1-ca.pem')}`)).rejects.toThrow(DatabaseUnavailable);
    await expect(connect(named, 'VerifyFull')).rejects.toThrow(DatabaseUnavailable);
  });

  test('a Unix socket is gone through in every mode, and leads to localhost', async () => {
    const local = (name: string, mode: string): Promise<boolean> =>
      connect({ ...named, port: 1 }, `${mode};Protocol=unix`, file(`${name}.sock`));
    expect(await local('localhost', 'None')).toBe(false);
    expect(await local('localhost', 'Preferred')).toBe(true);
    expect(await local('localhost', `VerifyFull;${ca('localhost-ca.pem')}`)).toBe(true);
    await expect(local('localhost', `VerifyFull;${ca('127.0.0.1-ca.pem')}`)).rejects.toThrow(DatabaseUnavailable);
    await expect(local('nowhere', 'None')).rejects.toThrow(/MySQL at \/.*nowhere\.sock, database keys.*ENOENT/);
  });

  test('a login over a Unix socket, by a URL, stores and finds what one over TCP does', async () => {
    const url = `mysql://root@localhost:1/keys?socket=${file('localhost.sock')}&ssl-mode=DISABLED`;
    const local = await openDatabase({ provider: 'mysql', mySqlConnectionString: url });
    const string = `Server=127.0.0.1;Port=${named.port};Database=keys;User Id=root`;
    const far = await openDatabase({ provider: 'mysql', mySqlConnectionString: string });
    try {
      const id = newId();
      await put(local.database, id, 'v');
      const [row] = await far.database.read(({ userKeys }) => userKeys.find([id]));
      expect(row?.value).toBe('v');
      await local.database.ping();
    } finally {
      await local.close();
      await far.close();
    }
  });

  test('a client certificate is sent where the server asks for one', async () => {
    await named.query(`CREATE USER kc@'127.0.0.1' REQUIRE X509; GRANT ALL ON "keys".* TO kc@'127.0.0.1'`);
    const pair = `SslCert=${file('localhost-server.pem')};SslKey=${file('localhost-server.key')}`;
    const mode = `VerifyCA;${ca('localhost-ca.pem')}`;
    expect(await connect(named, `${mode};${pair}`, '127.0.0.1', 'kc')).toBe(true);
    await expect(connect(named, mode, '127.0.0.1', 'kc')).rejects.toThrow(/Access denied/);
  });

  test('an encrypted connection that the server ends, or that is not answered, is replaced', async () => {
    const string = `Server=127.0.0.1;Port=${named.port};Database=keys;User Id=root;SslMode=Required`;
    const limits = { statementTimeoutSeconds: '1', acquireTimeoutSeconds: '2' };
    const one = await openDatabase({ provider: 'mysql', mySqlConnectionString: string, ...limits });
    const { database } = one;
    try {
      const id = newId();
      await put(database, id, 'v');
      const [own] = await named.query<{ id: number }>(
        `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
      );
      await named.query(`KILL ${own?.id ?? 0}`);
      expect(await database.read(({ userKeys }) => userKeys.find([id]))).toHaveLength(1);
      await named.freeze();
      await expect(put(database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
      await named.thaw();
      expect(await database.read(({ userKeys }) => userKeys.find([id]))).toHaveLength(1);
    } finally {
      await named.thaw();
      await one.close();
    }
  });
});
