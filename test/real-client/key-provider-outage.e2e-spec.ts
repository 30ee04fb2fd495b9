import { expect, test } from '@jest/globals';
import { forgottenMember, storedMember, wiki } from './support/cast.js';
import { HangingFile } from '../lab/files/hanging-file.js';
import { describeJourneys, sdk, typeScript } from './support/journey.js';
import { apiKeyLogin, singleSignOn } from './support/sign-in.js';
import { listLogins } from './support/vault.js';

describeJourneys('a login while the key provider is down', (company) => {
  /** Starts the service while its key file hangs, and lets it come up after `work`. */
  const withoutKeyProvider = async <T>(work: () => Promise<T>): Promise<T> => {
    const file = await HangingFile.create(company().folderPath, company().keyConnector.keyFile);
    try {
      await company().keyConnector.restart({ certificate__filesystemPath: file.path }, 'live');
      return await work();
    } finally {
      await file.release();
      await company().keyConnector.ready();
    }
  };

  test('is told that the service is not ready (503), and opens the vault when it is', async () => {
    const { member } = await storedMember(company());
    company().bitwarden.state.admit(member, typeScript.featureStates);

    const { complaint, calls } = await withoutKeyProvider(() => apiKeyLogin(company(), member));

    expect(complaint).toMatch(/status: 503[^]*NOT_READY[^]*Key Connector error/);
    expect(calls).toEqual(['GET 503']);
    const later = await apiKeyLogin(company(), member);
    expect(later).toMatchObject({ complaint: '', calls: ['GET 200'] });
    expect(await listLogins(later)).toEqual([wiki]);
  });

  test('fails for a new member of the SDK, whose read and write are both refused (503)', async () => {
    const { member, key } = await forgottenMember(company());
    company().bitwarden.state.admit(member, sdk.featureStates);

    const { complaint, calls } = await withoutKeyProvider(() => singleSignOn(company(), member));

    expect(complaint).toMatch(/Status\(503\)[^]*Key Connector Api call failed/);
    expect(calls).toEqual(['GET 503', 'POST 503']);
    expect(await company().keyConnector.keyOf(member)).toEqual(key);
  });
});
