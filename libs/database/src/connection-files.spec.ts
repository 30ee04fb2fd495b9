import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TlsFileUnreadable, UnavailableError } from '@key-connector/common';
import { run } from '../../../test/lab/processes/child-process.js';
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

const connect = async (settings: object): Promise<unknown> => {
  const dialect = await openDialect(databaseSettingsSchema.parse(settings));
  const limits = { migrate: true, acquireTimeoutSeconds: 1, statementTimeoutSeconds: 1, connection: {} };
  const expectation = new Expectation(dialect, { expect: 'any' });
  const database = new Database(new DataSource(dialect.dataSourceOptions), dialect, limits, expectation);
  return database.connect().catch((error: unknown) => error);
};

const commands = [
  'req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.crt -subj /CN=own',
  'req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -subj /CN=other',
  'pkcs8 -topk8 -in own.key -out encrypted.key -passout pass:hunter2',
  'rsa -in own.key -traditional -aes256 -out encrypted.rsa -passout pass:hunter2',
  'pkcs12 -export -inkey own.key -in own.crt -out own.pfx -passout pass:hunter2',
  'req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.crt -subj /CN=weak',
];

describe('a file that a connection string names', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'key-connector-connection-files-'));
    for (const command of commands) await run('openssl', command.split(' '), { cwd: folder });
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
    const failure = await connect(settings(more.replaceAll('FOLDER', folder)));
    expect(failure).toBeInstanceOf(TlsFileUnreadable);
    expect(failure).not.toBeInstanceOf(UnavailableError);
    expect((failure as Error).message).toContain('the connection string of');
    expect((failure as Error).message).toContain(folder);
    expect((failure as Error).message).toContain(why);
  });

  const of = (settings: typeof postgresql, cert: string, key: string, more = ''): object => {
    const [certificate, secret] = settings === postgresql ? ['SSL Certificate', 'SSL Key'] : ['SslCert', 'SslKey'];
    return settings(`${certificate}=${join(folder, cert)};${secret}=${join(folder, key)};${more}`);
  };
  const prefer = { [postgresql.name]: 'SSL Mode=Prefer;', [mysql.name]: 'SslMode=Preferred;' };

  describe.each([[postgresql], [mysql]])('with %p', (settings) => {
    test.each([
      ['own.crt', 'other.key', /Key of database__.*does not belong to the certificate/],
      ['own.crt', 'encrypted.key', /Key of database__.*under a password.*openssl pkey/],
      ['own.crt', 'encrypted.rsa', /Key of database__.*under a password.*openssl pkey/],
      ['own.crt', 'own.pfx', /Key of database__.*PKCS#12/],
      ['own.key', 'own.crt', /Cert.* of database__.*exchanged/],
      ['weak.crt', 'weak.key', /Cert.* of database__.*key too small/],
    ])('and TLS cannot use ends the start, in every mode that may use it: %s with %s', async (cert, key, rule) => {
      for (const more of ['', prefer[settings.name]]) {
        const failure = await connect(of(settings, cert, key, more));
        expect(failure).toBeInstanceOf(TlsFileUnreadable);
        expect((failure as Error).message).toMatch(rule);
        expect((failure as Error).message).toContain(folder);
        expect((failure as Error).message).not.toMatch(/error:|hunter2/);
      }
    });

    test('and cannot be read ends the start where TLS is only preferred, too', async () => {
      const authority = settings === postgresql ? 'Root Certificate' : 'SslCa';
      const failure = await connect(settings(`${authority}=${folder}/there.pem;${prefer[settings.name] ?? ''}`));
      expect(failure).toBeInstanceOf(TlsFileUnreadable);
    });

    test('and can be used does not', async () => {
      // Nobody listens there: it was looked for.
      expect(await connect(of(settings, 'own.crt', 'own.key'))).toBeInstanceOf(UnavailableError);
    });
  });

  test.each([
    ['SSL Password=other', TlsFileUnreadable, /SSL Key of .* does not open with SSL Password/],
    ['', TlsFileUnreadable, /give it as SSL Password/],
    ['SSL Password=hunter2', UnavailableError, /ECONNREFUSED/],
  ])('a key under a password is opened by the right one of PostgreSQL: %s', async (more, kind, message) => {
    for (const key of ['encrypted.key', 'encrypted.rsa']) {
      const failure = await connect(of(postgresql, 'own.crt', key, more));
      expect(failure).toBeInstanceOf(kind);
      expect((failure as Error).message).toMatch(message);
    }
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
