import { Signer } from '@aws-sdk/rds-signer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { DatabaseUnavailable } from '@key-connector/database';
import { AzureCloud } from '../lab/clouds/azure/azure-cloud.js';
import { setEnvironment } from '../lab/processes/environment.js';
import { startMariadb } from '../lab/databases/mariadb.server.js';
import { describeIf } from '../lab/skip/skip.js';
import { buildDatabase, type OpenDatabase } from './open-database.js';
import { mariadbTokens, postgresqlTokens, type TokenKind, type TokenServer } from './token-servers.js';

const minutes = 60_000;

/** What the tests of one kind of server share. */
interface Login {
  readonly server: TokenServer;
  readonly open: OpenDatabase;
  undo: () => void;
  build(settings: Readonly<Record<string, string>>): Promise<void>;
  whoAmI(): Promise<string | undefined>;
}

function describeLogin({ name, here, reason, start }: TokenKind, tests: (login: Login) => void): void {
  describeIf(here, reason, `a login at ${name} by tokens of a cloud`, () => {
    let server: TokenServer;
    let open: OpenDatabase | undefined;
    const there = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error('it is there once a test runs');
      return value;
    };
    const login: Login = {
      get server() {
        return server;
      },
      get open() {
        return there(open);
      },
      undo: () => undefined,
      build: async (settings) => {
        open = await buildDatabase({ ...server.settings, ...settings });
      },
      whoAmI: async () => {
        const { database, source } = there(open);
        return (await database.read(() => source.query<{ me: string }[]>(server.whoAmI)))[0]?.me;
      },
    };

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());
    beforeEach(() => {
      // The clock is ours; everything that waits, waits in real time.
      const others = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const;
      const timers = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const;
      jest.useFakeTimers({ now: Date.now(), doNotFake: [...others, ...timers] });
    });
    afterEach(async () => {
      await open?.close();
      open = undefined;
      login.undo();
      jest.useRealTimers();
    });

    tests(login);
  });
}

for (const kind of [postgresqlTokens, mariadbTokens])
  describeLogin(kind, (login) => {
    test('AWS RDS IAM: new connections log in with the token of the hour, signed for this server and user', async () => {
      login.undo = setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI' });
      await login.build({ identity: 'awsRdsIam', awsRegion: 'eu-central-1' });
      const signer = new Signer({
        hostname: 'localhost',
        port: login.server.port,
        username: 'keeper',
        region: 'eu-central-1',
      });
      const first = await signer.getAuthToken();
      const refused = login.open.database.connect();
      await expect(refused).rejects.toThrow(login.server.refusal);
      await expect(refused).rejects.not.toThrow(/X-Amz/);
      await login.server.accept(first);
      await login.open.database.connect();
      expect(await login.whoAmI()).toBe('keeper');

      jest.setSystemTime(Date.now() + 16 * minutes);
      const second = await signer.getAuthToken();
      expect(second).not.toBe(first);
      // The server goes on taking the old token: that it is refused shows that another one came.
      await login.server.cut();
      await expect(login.whoAmI()).rejects.toThrow(login.server.refusal);
      await login.server.accept(second);
      expect(await login.whoAmI()).toBe('keeper');
    });

    test('AWS RDS IAM: without credentials the error says what to give, and holds no token', async () => {
      login.undo = setEnvironment({
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_EC2_METADATA_DISABLED: 'true',
      });
      await login.build({ identity: 'awsRdsIam', awsRegion: 'eu-central-1' });
      await expect(login.open.database.connect()).rejects.toThrow(
        /No RDS login token for localhost:\d+ .*Give this process a role/,
      );
    });
  });

describeLogin(postgresqlTokens, (login) => {
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
    login.undo = () => {
      restore();
      leave();
      azure.stop();
    };
    const tokens: string[] = [];
    const issue = entra.login.bind(entra);
    entra.login = (request) => {
      const answer = issue(request);
      const { access_token: token } = JSON.parse(answer.body ?? '') as { access_token?: string };
      if (token !== undefined) tokens.push(token);
      return answer;
    };

    await login.build({ identity: 'entra' });
    const refused = login.open.database.connect();
    await expect(refused).rejects.toThrow(login.server.refusal);
    await expect(refused).rejects.not.toThrow(/eyJ/);
    await login.server.accept(tokens[0] ?? '');
    await login.open.database.connect();
    expect(await login.whoAmI()).toBe('keeper');
    expect(tokens).toHaveLength(1);
    expect(entra.check(tokens[0] ?? '', 'https://ossrdbms-aad.database.windows.net')).toEqual({
      clientId: application.clientId,
    });

    // The server goes on taking the old token: that it is refused shows that another one came.
    jest.setSystemTime(Date.now() + 61 * minutes);
    await login.server.cut();
    await expect(login.whoAmI()).rejects.toThrow(login.server.refusal);
    expect(tokens).toHaveLength(2);
    await login.server.accept(tokens[1] ?? '');
    expect(await login.whoAmI()).toBe('keeper');
  });
});

describeLogin(mariadbTokens, (login) => {
  test('no token goes to a server without TLS', async () => {
    login.undo = setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI' });
    const plain = await startMariadb();
    try {
      const string = `Server=localhost;Port=${plain.port};Database=keys;User Id=keeper;SslMode`;
      const identity = { identity: 'awsRdsIam', awsRegion: 'eu-central-1' };
      await login.build({ ...identity, mySqlConnectionString: `${string}=Required` });
      await expect(login.open.database.connect()).rejects.toThrow(DatabaseUnavailable);
      await expect(login.open.database.connect()).rejects.toThrow(/does not support secure connection/);
      const preferred = login.build({ ...identity, mySqlConnectionString: `${string}=Preferred` });
      await expect(preferred).rejects.toThrow(/its token must never go unencrypted/);
    } finally {
      await plain.stop();
    }
  });
});
