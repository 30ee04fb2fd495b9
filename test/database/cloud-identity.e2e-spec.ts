import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Signer } from '@aws-sdk/rds-signer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { AzureCloud } from '../support/azure-cloud.js';
import { tlsCertificate } from '../support/certificate.js';
import { setEnvironment } from '../support/environment.js';
import { ownsPostgres, startPostgres, type PostgresServer } from '../support/postgres.server.js';
import { describeIf } from '../support/skip.js';
import { tempFolder, type TempFolder } from '../support/temp-folder.js';
import { giveToUnprivileged } from '../support/unprivileged.js';
import { buildDatabase, type OpenDatabase } from './open-database.js';

const minutes = 60_000;
const reason = 'TEST_POSTGRES_URL names a server whose logins are not ours to set';

/** PostgreSQL asks for the token as for a password, unencrypted inside of TLS, as the managed servers of the clouds do. */
describeIf(ownsPostgres, reason, 'a login by tokens of a cloud', () => {
  let folder: TempFolder;
  let server: PostgresServer;
  let open: OpenDatabase;
  let undo: () => void;

  beforeAll(async () => {
    folder = await tempFolder('cloud-identity');
    await giveToUnprivileged(folder.path);
    const { caPem, certificatePem, keyPem } = tlsCertificate();
    const hba = 'host all postgres all trust\nhostssl all keeper all password\n';
    const files = { 'ca.pem': caPem, 'server.pem': certificatePem, 'server.key': keyPem, 'hba.conf': hba };
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder.path, name), content, { mode: 0o600 });
      await giveToUnprivileged(join(folder.path, name));
    }
    const [cert, key, hbaFile] = ['server.pem', 'server.key', 'hba.conf'].map((name) => join(folder.path, name));
    const tls = { ssl: 'on', ssl_cert_file: cert ?? '', ssl_key_file: key ?? '' };
    server = await startPostgres({ parameters: { ...tls, hba_file: hbaFile ?? '' } });
    await server.query('CREATE ROLE keeper LOGIN; ALTER DATABASE keys OWNER TO keeper');
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  beforeEach(() => {
    // The clock is ours; everything that waits, waits in real time.
    const others = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const;
    const timers = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const;
    jest.useFakeTimers({ now: Date.now(), doNotFake: [...others, ...timers] });
  });
  afterEach(async () => {
    await open.close();
    undo();
    jest.useRealTimers();
  });

  const build = async (settings: Readonly<Record<string, string>>): Promise<void> => {
    const ca = join(folder.path, 'ca.pem');
    const tls = `SSL Mode=VerifyFull;Root Certificate=${ca}`;
    open = await buildDatabase({
      provider: 'postgresql',
      postgreSqlConnectionString: `Host=localhost;Port=${server.port};Database=keys;Username=keeper;${tls}`,
      ...settings,
    });
  };
  const whoAmI = async (): Promise<string | undefined> => {
    const rows = await open.database.read(() => open.source.query<{ me: string }[]>('SELECT current_user AS me'));
    return rows[0]?.me;
  };
  const accept = (token: string): Promise<unknown> => server.query(`ALTER ROLE keeper PASSWORD '${token}'`);
  /** Cuts every connection, so that the next statement needs a new one. */
  const cut = (): Promise<unknown> =>
    server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'`);

  test('AWS RDS IAM: new connections log in with the token of the hour, signed for this server and user', async () => {
    undo = setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI' });
    await build({ identity: 'awsRdsIam', awsRegion: 'eu-central-1' });
    const signer = new Signer({ hostname: 'localhost', port: server.port, username: 'keeper', region: 'eu-central-1' });
    const first = await signer.getAuthToken();
    await accept(first);
    await open.database.connect();
    expect(await whoAmI()).toBe('keeper');

    jest.setSystemTime(Date.now() + 16 * minutes);
    const second = await signer.getAuthToken();
    expect(second).not.toBe(first);
    await accept(second);
    await cut();
    expect(await whoAmI()).toBe('keeper');
  });

  test('AWS RDS IAM: without credentials the error says what to give, and holds no token', async () => {
    undo = setEnvironment({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' });
    await build({ identity: 'awsRdsIam', awsRegion: 'eu-central-1' });
    await expect(open.database.connect()).rejects.toThrow(
      /No RDS login token for localhost:\d+ .*Give this process a role/,
    );
  });

  test('Microsoft Entra: new connections log in with a new token when the old one has ended', async () => {
    const azure = await AzureCloud.start();
    const { entra } = azure;
    const application = entra.register();
    const [secret = ''] = application.secrets;
    const leave = azure.enter();
    const restore = setEnvironment({
      AZURE_TENANT_ID: entra.tenantId,
      AZURE_CLIENT_ID: application.clientId,
      AZURE_CLIENT_SECRET: secret,
    });
    undo = () => {
      restore();
      leave();
      azure.stop();
    };
    const tokens: string[] = [];
    const login = entra.login.bind(entra);
    entra.login = (request) => {
      const answer = login(request);
      const { access_token: token } = JSON.parse(answer.body) as { access_token?: string };
      if (token !== undefined) tokens.push(token);
      return answer;
    };

    await build({ identity: 'entra' });
    const refused = open.database.connect();
    await expect(refused).rejects.toThrow(/password authentication failed for user "keeper"/);
    await expect(refused).rejects.not.toThrow(/eyJ/);
    await accept(tokens[0] ?? '');
    await open.database.connect();
    expect(await whoAmI()).toBe('keeper');
    expect(tokens).toHaveLength(1);
    expect(entra.check(tokens[0] ?? '', 'https://ossrdbms-aad.database.windows.net')).toEqual({
      clientId: application.clientId,
    });

    // The server goes on taking the old token: that it is refused shows that another one came.
    jest.setSystemTime(Date.now() + 61 * minutes);
    await cut();
    await expect(whoAmI()).rejects.toThrow(/password authentication failed/);
    expect(tokens).toHaveLength(2);
    await accept(tokens[1] ?? '');
    expect(await whoAmI()).toBe('keeper');
  });
});
