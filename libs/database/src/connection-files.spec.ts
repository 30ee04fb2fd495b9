import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TlsFileUnreadable, UnavailableError } from '@key-connector/common';
import { DataSource } from 'typeorm';
import { Database } from './database.js';
import { databaseSettingsSchema } from './database.settings.js';
import { Expectation } from './migrations/expectation.js';
import { openDialect } from './products.js';
import { databaseErrorOf } from './dialect/database-error-of.js';

const postgresql = (more: string): object => ({
  provider: 'postgresql',
  postgreSqlConnectionString: `Host=127.0.0.1;Port=1;Username=u;SSL Mode=VerifyFull;${more}`,
});
const mysql = (more: string): object => ({
  provider: 'mysql',
  mySqlConnectionString: `Server=127.0.0.1;Port=1;User Id=u;Database=d;SslMode=VerifyFull;${more}`,
});

describe('a file that a connection string names', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-connector-connection-files-'));
    await writeFile(join(folder, 'there.pem'), '');
    await writeFile(join(folder, 'ca.der'), Buffer.from('3082ff', 'hex'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each<[(more: string) => object, string, string]>([
    [postgresql, 'Root Certificate=FOLDER/nowhere.pem', 'does not exist'],
    [postgresql, 'SSL Certificate=FOLDER/there.pem;SSL Key=FOLDER/nowhere.pem', 'does not exist'],
    [postgresql, 'Root Certificate=FOLDER', 'is a folder'],
    [postgresql, 'Root Certificate=FOLDER/ca.der', 'holds no certificate'],
    [postgresql, 'Root Certificate=FOLDER/there.pem', 'is empty'],
    [mysql, 'SslCa=FOLDER/there.pem', 'is empty'],
    [mysql, 'SslCa=FOLDER/nowhere.pem', 'does not exist'],
    [mysql, 'SslCert=FOLDER/nowhere.pem;SslKey=FOLDER/there.pem', 'does not exist'],
  ])('and cannot be read ends the start, named by its path: %p %s', async (settings, more, why) => {
    const dialect = await openDialect(databaseSettingsSchema.parse(settings(more.replaceAll('FOLDER', folder))));
    const limits = { migrate: true, acquireTimeoutSeconds: 1, statementTimeoutSeconds: 1, connection: {} };
    const expectation = new Expectation(dialect, { expect: 'any' });
    const database = new Database(new DataSource(dialect.dataSourceOptions), dialect, limits, expectation);
    const failure: unknown = await database.connect().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TlsFileUnreadable);
    expect(failure).not.toBeInstanceOf(UnavailableError);
    expect((failure as Error).message).toContain('the connection string of');
    expect((failure as Error).message).toContain(folder);
    expect((failure as Error).message).toContain(why);
  });
});

test.each<[(more: string) => object, string]>([
  [postgresql, 'Root Certificate'],
  [mysql, 'SslCa'],
])('authorities in DER are read, from a connection string too: %p %s', async (settings, key) => {
  const file = join(await mkdtemp(join(tmpdir(), 'key-connector-authority-')), 'ca.cer');
  await writeFile(file, new X509Certificate(getCACertificates('bundled')[0] ?? '').raw);
  const dialect = await openDialect(databaseSettingsSchema.parse(settings(`${key}=${file}`)));
  // Nobody listens there: it was looked for.
  await expect(dialect.prepare()).rejects.toThrow(/ECONNREFUSED/);
  await rm(dirname(file), { recursive: true });
});

describe('a certificate of the server that is not trusted', () => {
  const told = async (message: string, code: string): Promise<string> => {
    const dialect = await openDialect(databaseSettingsSchema.parse(postgresql('')));
    return databaseErrorOf(dialect, Object.assign(new Error(message), { code }))?.message ?? '';
  };

  test.each([
    ['self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['unable to get local issuer certificate', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['certificate signature failure', 'CERT_SIGNATURE_FAILURE'],
  ])('is told with tls__extraCaPath where its authority is not known: %s', async (message, code) => {
    expect(await told(message, code)).toContain('tls__extraCaPath');
  });

  test.each([
    ['certificate has expired', 'CERT_HAS_EXPIRED'],
    ["Hostname/IP does not match certificate's altnames", 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['certificate is not yet valid', 'CERT_NOT_YET_VALID'],
  ])('is told without it where no authority would help: %s', async (message, code) => {
    const said = await told(message, code);
    expect(said).toContain(message);
    expect(said).not.toContain('tls__extraCaPath');
  });
});
