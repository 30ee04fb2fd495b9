import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DatabaseReadOnly, DatabaseUnavailable } from '@key-connector/database';
import { tlsCertificate } from '../lab/files/certificate.js';
import { type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { querySqlserver, withDatabase } from '../lab/databases/sqlserver.client.js';
import { startTdsDouble, type TdsDouble } from '../lab/databases/tds/double.js';
import { SqlError } from '../lab/databases/tds/tokens.js';
import { until } from '../lab/processes/until.js';
import { buildDatabase, newId, openDatabase, put, type OpenDatabase } from './open-database.js';

const settingsOf = (sqlServerConnectionString: string): Record<string, string> => ({
  provider: 'sqlserver',
  sqlServerConnectionString,
});

const identityOf = ({ certificatePem, keyPem }: ReturnType<typeof tlsCertificate>): { cert: string; key: string } => ({
  cert: certificatePem,
  key: keyPem,
});

const certificate = tlsCertificate();
const { caPem } = certificate;
const identity = identityOf(certificate);

/** Behind every double here. */
let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

/** The real driver against a double of the protocol, whose failures are made on purpose. */
describe('the SQL Server driver', () => {
  let double: TdsDouble;
  let opened: OpenDatabase;

  const find = async (id: ReturnType<typeof newId>): Promise<string | undefined> => {
    const [row] = await opened.database.read(({ userKeys }) => userKeys.find([id]));
    return row?.value;
  };
  /** Fails the next statements that hold a text. */
  const fail = (text: string, ...faults: ReturnType<TdsDouble['server']['fault']>[]): void => {
    double.server.fault = (statement) => (statement.text.includes(text) ? faults.shift() : undefined);
  };
  const sent = (text: string): number =>
    double.server.statements.filter((statement) => statement.text.includes(text)).length;

  beforeAll(async () => {
    double = await startTdsDouble({}, postgres);
  });
  afterAll(() => double.stop());
  beforeEach(async () => {
    double.server.fault = () => undefined;
    const limits = { statementTimeoutSeconds: '1', acquireTimeoutSeconds: '1' };
    opened = await openDatabase({ ...settingsOf(`${double.connectionString};Max Pool Size=2`), ...limits });
  });
  afterEach(() => opened.close());

  test("sends a deadlock's victim again, four times at most", async () => {
    const [id, deadlock] = [newId(), (): SqlError => new SqlError(1205)];
    fail('INSERT', deadlock(), deadlock(), deadlock());
    await put(opened.database, id, 'v');
    expect(await find(id)).toBe('v');
    fail('UPDATE', ...Array.from({ length: 9 }, deadlock));
    await expect(put(opened.database, id, 'w')).rejects.toThrow(/\(1205\)/);
    double.server.fault = () => undefined;
    expect(await find(id)).toBe('v');
  });

  test('looks at a row again that another one inserted first', async () => {
    const id = newId();
    fail('INSERT', new SqlError(2627));
    await put(opened.database, id, 'v');
    expect(await find(id)).toBe('v');
  });

  test.each([3906, 1105, 9002])(
    'takes error %i for a database that takes no writes, and goes on reading',
    async (number) => {
      const id = newId();
      await put(opened.database, id, 'v');
      fail('UPDATE', new SqlError(number, 'the message of the server'));
      await expect(put(opened.database, id, 'w')).rejects.toThrow(DatabaseReadOnly);
      expect(await find(id)).toBe('v');
    },
  );

  test('sends a read once more over another connection when its own breaks, and a write never', async () => {
    const id = newId();
    await put(opened.database, id, 'v');
    fail('SELECT [Id]', 'cut');
    expect(await find(id)).toBe('v');
    const before = sent('UPDATE');
    fail('UPDATE', 'cut');
    await expect(put(opened.database, id, 'w')).rejects.toThrow(DatabaseUnavailable);
    expect(sent('UPDATE')).toBe(before + 1);
  });

  test.each([976, 983, 40613])(
    'leaves a server that says %i, where the database is elsewhere now: the read is sent once more, on another connection',
    async (number) => {
      const id = newId();
      await put(opened.database, id, 'v');
      const before = double.server.logins.length;
      fail('SELECT [Id]', new SqlError(number, 'the database is elsewhere'));
      expect(await find(id)).toBe('v');
      expect(double.server.logins.length).toBe(before + 1);
    },
  );

  test('leaves a server that takes no writes any more', async () => {
    const id = newId();
    await put(opened.database, id, 'v');
    const before = double.server.logins.length;
    fail('UPDATE', new SqlError(3906));
    await expect(put(opened.database, id, 'w')).rejects.toThrow(DatabaseReadOnly);
    await put(opened.database, id, 'w');
    expect(double.server.logins.length).toBe(before + 1);
  });

  test('drops connections that the server closed while nothing ran on them', async () => {
    const id = newId();
    await Promise.all([put(opened.database, id, 'v'), find(id)]);
    double.server.cut();
    await until(() => double.server.connections === 0, 'the connections are gone');
    expect(await find(id)).toBe('v');
  });

  test('cancels a statement at its deadline and uses the connection again once the server has confirmed', async () => {
    const id = newId();
    await put(opened.database, id, 'v');
    const { attentions } = double.server;
    let logins = 0;
    // The statement waits for a lock inside of the server, which ends it when it is told to.
    const other = await openDatabase(settingsOf(double.connectionString));
    try {
      await other.database.lock(async (manager) => {
        await manager.query(`UPDATE "UserKeys" SET "Key" = 'x' WHERE "Id" = '${id}'`);
        logins = double.server.logins.length;
        // A key's own statements would give the lock up before.
        const touched = opened.database.write(({ userKeys }) =>
          userKeys.touch([id], { at: new Date(), resolution: 0 }),
        );
        await expect(touched).rejects.toThrow(/failed to complete in 1000ms/);
      });
    } finally {
      await other.close();
    }
    expect(double.server.attentions).toBe(attentions + 1);
    expect(await find(id)).toBe('x');
    expect(double.server.logins).toHaveLength(logins);
  });

  test('gives up a connection whose server confirms nothing, half a second later, and the pool recovers', async () => {
    const id = newId();
    await put(opened.database, id, 'v');
    fail('UPDATE', 'stall', 'stall');
    const started = performance.now();
    await Promise.all(
      ['w', 'x'].map((value) => expect(put(opened.database, id, value)).rejects.toThrow(DatabaseUnavailable)),
    );
    expect(performance.now() - started).toBeLessThan(4000);
    expect(await find(id)).toBe('v');
  });

  test('answers within the acquire timeout when every connection is taken', async () => {
    fail('SELECT [Id]', ...Array.from({ length: 9 }, () => 'stall' as const));
    const started = performance.now();
    const reads = await Promise.allSettled(Array.from({ length: 6 }, () => find(newId())));
    expect(reads.every(({ status }) => status === 'rejected')).toBe(true);
    expect(reads.map((read) => String((read as PromiseRejectedResult).reason))).toContainEqual(
      expect.stringContaining('Failed to acquire a connection'),
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('a transaction that could not be rolled back is on no connection of the pool', async () => {
    const id = newId();
    await opened.database
      .lock(async (manager) => {
        await manager.query(`INSERT INTO "UserKeys" ("Id", "Key", "CreationDate") VALUES ('${id}', 'v', '2026-01-01')`);
        fail('rollback', new SqlError(3903));
        throw new Error('stop');
      })
      .catch(() => undefined);
    await put(opened.database, newId(), 'w');
    expect(await find(id)).toBeUndefined();
    await opened.database.lock(() => Promise.resolve());
  });

  test('a database may have a dot in its name', async () => {
    await querySqlserver(double.connectionString, 'CREATE DATABASE [keys.prod]');
    const dotted = await openDatabase(settingsOf(withDatabase(double.connectionString, 'keys.prod')));
    try {
      const id = newId();
      await put(dotted.database, id, 'v');
      expect(await dotted.database.read(({ userKeys }) => userKeys.find([id]))).toHaveLength(1);
    } finally {
      await dotted.close();
    }
  });

  test('a database that is not there is named', async () => {
    const one = await buildDatabase(settingsOf(withDatabase(double.connectionString, 'nowhere')));
    await expect(one.database.connect()).rejects.toThrow(/Cannot open database "nowhere" requested by the login/);
    await one.close();
  });

  test('a refused login says why, and shows no password', async () => {
    const refused = await startTdsDouble(
      { refuse: () => new SqlError(18_456, "Login failed for user 'kc'.") },
      postgres,
    );
    const one = await buildDatabase(settingsOf(refused.connectionString.replace('Password=p', 'Password=hunter2')));
    try {
      const error: unknown = await one.database.connect().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DatabaseUnavailable);
      expect(String(error)).toContain('Login failed');
      expect(String(error)).not.toContain('hunter2');
    } finally {
      await one.close();
      await refused.stop();
    }
  });
});

describe('TLS to SQL Server', () => {
  const doubles = new Map<string, TdsDouble>();
  const trusted = tls.getCACertificates('default');

  /** Opens a connection, or says why not. */
  const connect = async (encryption: string, options: string): Promise<string> => {
    const { connectionString } = doubles.get(encryption) ?? { connectionString: '' };
    const one = await buildDatabase(settingsOf(`${connectionString};${options}`));
    try {
      await one.database.connect();
      return 'connected';
    } catch (error) {
      return String(error);
    } finally {
      await one.close();
    }
  };

  beforeAll(async () => {
    for (const encryption of ['none', 'offered', 'required', 'strict'] as const) {
      doubles.set(encryption, await startTdsDouble({ encryption, identity }, postgres));
    }
  });
  afterAll(async () => {
    for (const double of doubles.values()) await double.stop();
  });
  afterEach(() => {
    tls.setDefaultCACertificates(trusted);
  });

  test.each([
    ['Optional', 'none'],
    ['Optional', 'offered'],
    ['False', 'required'],
    ['True;TrustServerCertificate=True', 'offered'],
    ['Mandatory;TrustServerCertificate=yes', 'required'],
  ])('Encrypt=%s does with a certificate that nobody knows, where encryption is %s', async (options, encryption) => {
    expect(await connect(encryption, `Encrypt=${options}`)).toBe('connected');
  });

  test.each([
    ['True', 'none', 'the server has no TLS: Encrypt=Optional goes without'],
    ['True', 'offered', 'tls__extraCaPath'],
    ['Strict', 'strict', 'unable to verify the first certificate'],
    ['Strict;TrustServerCertificate=True', 'strict', 'unable to verify the first certificate'],
  ])('Encrypt=%s is refused where encryption is %s', async (options, encryption, message) => {
    expect(await connect(encryption, `Encrypt=${options}`)).toContain(message);
  });

  test('Encrypt=True and Strict take a certificate of a known authority with the right name only', async () => {
    tls.setDefaultCACertificates([...trusted, caPem]);
    expect(await connect('offered', 'Encrypt=True')).toBe('connected');
    expect(await connect('strict', 'Encrypt=Strict')).toBe('connected');
    expect(await connect('offered', 'Encrypt=True;Host Name In Certificate=localhost')).toBe('connected');
    for (const [encryption, mode] of [
      ['offered', 'True'],
      ['strict', 'Strict'],
    ] as const) {
      expect(await connect(encryption, `Encrypt=${mode};Host Name In Certificate=other.example`)).toContain('altnames');
    }
  });
});

describe('a managed identity on SQL Server', () => {
  /** What Azure's App Service gives a process: an address and a secret for tokens. */
  const environment = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'];
  const asked: string[] = [];
  const tokens = createServer((request, response) => {
    asked.push(request.url ?? '');
    const soon = Math.floor(Date.now() / 1000) + 60;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ access_token: `token ${asked.length}`, expires_on: String(soon), token_type: 'Bearer' }),
    );
  });

  beforeAll(async () => {
    await once(tokens.listen(0, '127.0.0.1'), 'listening');
    process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/msi/token`;
    process.env['IDENTITY_HEADER'] = 'secret';
  });
  afterAll(() => {
    for (const name of environment) Reflect.deleteProperty(process.env, name);
    tokens.closeAllConnections();
    tokens.close();
  });

  const tokenFrom = { stsUrl: 'https://login.microsoftonline.com/tenant', spn: 'https://database.windows.net/' };

  test('logs in with a token, and a new connection never with one that ends', async () => {
    const double = await startTdsDouble(
      {
        encryption: 'offered',
        identity,
        tokenFrom: { ...tokenFrom, takes: (token) => token === `token ${asked.length}` },
      },
      postgres,
    );
    const string = double.connectionString.replace(/User Id=.*$/, 'Authentication=Active Directory Managed Identity');
    const one = await openDatabase(settingsOf(`${string};User Id=client;TrustServerCertificate=True`));
    try {
      const before = double.server.tokens.length;
      double.server.cut();
      await until(() => double.server.connections === 0, 'the connections are gone');
      await one.database.ping();
      expect(double.server.tokens.length).toBeGreaterThan(before);
      expect(double.server.tokens.at(-1)).toBe(`token ${asked.length}`);
      expect(asked.length).toBeGreaterThan(1);
      expect(asked[0]).toContain(`resource=${encodeURIComponent('https://database.windows.net')}`);
      expect(asked[0]).toContain('client_id=client');
    } finally {
      await one.close();
      await double.stop();
    }
  });

  test('says that the server refused its token, and shows no token', async () => {
    const double = await startTdsDouble(
      {
        encryption: 'offered',
        identity,
        tokenFrom: { ...tokenFrom, takes: () => false },
      },
      postgres,
    );
    const string = double.connectionString.replace(/User Id=.*$/, 'Authentication=Active Directory Managed Identity');
    const one = await buildDatabase(settingsOf(`${string};TrustServerCertificate=True`));
    try {
      const error: unknown = await one.database.connect().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DatabaseUnavailable);
      expect(String(error)).toContain("Login failed for user '<token-identified principal>'");
      expect(double.server.tokens.length).toBeGreaterThan(0);
      expect(String(error)).not.toContain(double.server.tokens[0]);
    } finally {
      await one.close();
      await double.stop();
    }
  });
});
