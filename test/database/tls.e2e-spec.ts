import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { DatabaseUnavailable } from '@key-connector/database';
import { tlsCertificate } from '../lab/files/certificate.js';
import { ownsPostgres, startPostgres, type PostgresServer } from '../lab/databases/postgres.server.js';
import { testIf } from '../lab/skip/skip.js';
import { tempFolder, type TempFolder } from '../lab/files/temp-folder.js';
import { giveToUnprivileged } from '../lab/processes/command-line.js';
import { openDatabase } from './open-database.js';

describe('TLS to PostgreSQL', () => {
  let folder: TempFolder;
  let encrypted: PostgresServer;
  let plain: PostgresServer;

  /** Whether the connections are encrypted; each is one of the service's pool, not the one that looks at the server. */
  const connect = async (server: PostgresServer, mode: string, host = 'localhost'): Promise<boolean> => {
    const string = `Host=${host};Port=${server.port};Database=${server.database};Username=postgres;SSL Mode=${mode}`;
    const one = await openDatabase({ provider: 'postgresql', postgreSqlConnectionString: string });
    try {
      const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
      const rows = await one.source.query<{ ssl: boolean }[]>(sql);
      return rows[0]?.ssl === true;
    } finally {
      await one.close();
    }
  };
  const ca = (name: string): string => `Root Certificate=${join(folder.path, name)}`;

  beforeAll(async () => {
    if (!ownsPostgres) return;
    folder = await tempFolder('tls');
    await giveToUnprivileged(folder.path);
    const { caPem, certificatePem, keyPem } = tlsCertificate();
    const files = {
      'ca.pem': caPem,
      'server.pem': certificatePem,
      'server.key': keyPem,
      'other.pem': tlsCertificate().caPem,
    };
    for (const [name, pem] of Object.entries(files)) {
      await writeFile(join(folder.path, name), pem, { mode: 0o600 });
      await giveToUnprivileged(join(folder.path, name));
    }
    const [cert, key] = [join(folder.path, 'server.pem'), join(folder.path, 'server.key')];
    const tls = { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key };
    encrypted = await startPostgres({ parameters: { ...tls, unix_socket_directories: folder.path } });
    plain = await startPostgres();
  });
  afterAll(async () => {
    if (!ownsPostgres) return;
    await Promise.all([encrypted.stop(), plain.stop()]);
    await folder.remove();
  });

  const check = (name: string, body: () => Promise<void>): void => {
    testIf(ownsPostgres, 'TEST_POSTGRES_URL names a server whose TLS is not ours to set', name, body);
  };

  check('Disable and Allow go without where they may, Prefer and Require go with', async () => {
    expect(await connect(encrypted, 'Disable')).toBe(false);
    expect(await connect(encrypted, 'Allow')).toBe(false);
    expect(await connect(encrypted, 'Prefer')).toBe(true);
    expect(await connect(encrypted, 'Require')).toBe(true);
  });

  check('a server without TLS is used by Prefer, and refused by Require and stricter', async () => {
    expect(await connect(plain, 'Prefer')).toBe(false);
    for (const mode of ['Require', 'VerifyCA', 'VerifyFull']) {
      await expect(connect(plain, mode)).rejects.toThrow(DatabaseUnavailable);
    }
  });

  check('a Unix socket is gone through, where PostgreSQL has no TLS', async () => {
    expect(await connect(encrypted, 'Prefer', folder.path)).toBe(false);
    await expect(connect(encrypted, 'Require', folder.path)).rejects.toThrow(/PostgreSQL at \/.*does not support SSL/);
  });

  check('VerifyCA wants the right authority, VerifyFull the right name too', async () => {
    expect(await connect(encrypted, `VerifyCA;${ca('ca.pem')}`)).toBe(true);
    expect(await connect(encrypted, `VerifyFull;${ca('ca.pem')}`)).toBe(true);
    expect(await connect(encrypted, `VerifyFull;${ca('ca.pem')}`, '127.0.0.1')).toBe(true);
    // The resolver takes 127.1 as 127.0.0.1, and the certificate does not name it.
    expect(await connect(encrypted, `VerifyCA;${ca('ca.pem')}`, '127.1')).toBe(true);
    await expect(connect(encrypted, `VerifyFull;${ca('ca.pem')}`, '127.1')).rejects.toThrow(/127\.1.*cert/);
    for (const mode of ['VerifyCA', 'VerifyFull']) {
      await expect(connect(encrypted, mode)).rejects.toThrow(DatabaseUnavailable);
      await expect(connect(encrypted, `${mode};${ca('other.pem')}`)).rejects.toThrow(DatabaseUnavailable);
    }
  });
});
