import { afterAll, expect, test } from '@jest/globals';
import { ownsPostgres, type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { forgottenMember, storedMember, wiki } from './support/cast.js';
import { describeJourneys, implementations, sdk } from './support/journey.js';
import { apiKeyLogin, singleSignOn } from './support/sign-in.js';
import { listLogins } from './support/vault.js';

const complaints = {
  TypeScript: /status: 503[^]*DATABASE_UNAVAILABLE[^]*Key Connector error/,
  SDK: /Key connector retrieval failed/,
};

let postgres: PostgresServer | undefined;
afterAll(() => postgres?.stop());

describeJourneys(
  'a login while the database is down',
  (company) => {
    /** Kills the database for as long as `work` takes, and waits until the service has found it again. */
    const withoutDatabase = async <T>(work: () => Promise<T>): Promise<T> => {
      await postgres?.kill();
      try {
        return await work();
      } finally {
        await postgres?.restart();
        await company().keyConnector.ready();
      }
    };

    test.each(implementations)('fails through the $implementation and writes nothing (503)', async (path) => {
      const { member, key } = await storedMember(company());
      company().bitwarden.state.admit(member, path.featureStates);

      const { complaint, calls } = await withoutDatabase(() => apiKeyLogin(company(), member));

      expect(complaint).toMatch(complaints[path.implementation]);
      expect(calls).toEqual(['GET 503']);
      expect(await company().keyConnector.keyOf(member)).toEqual(key);
    });

    test('fails for a new member of the SDK, whose read and write are both refused (503)', async () => {
      const { member, key } = await forgottenMember(company());
      company().bitwarden.state.admit(member, sdk.featureStates);

      const { complaint, calls } = await withoutDatabase(() => singleSignOn(company(), member));

      expect(complaint).toMatch(/Status\(503\)[^]*Key Connector Api call failed/);
      expect(calls).toEqual(['GET 503', 'POST 503']);
      expect(await company().keyConnector.keyOf(member)).toEqual(key);
    });

    test('opens the vault when the database is back, without a restart of the service', async () => {
      const { member } = await storedMember(company());
      company().bitwarden.state.admit(member);
      await withoutDatabase(() => Promise.resolve());

      const signedIn = await apiKeyLogin(company(), member);

      expect(signedIn).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(await listLogins(signedIn)).toEqual([wiki]);
    });
  },
  {
    missing: ownsPostgres ? undefined : 'TEST_POSTGRES_URL names a server that is not ours to kill',
    deployment: async () => ({ database: (postgres = await startPostgres()) }),
  },
);
