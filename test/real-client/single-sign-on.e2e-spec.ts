import { expect, test } from '@jest/globals';
import { storedMember, wiki } from './support/cast.js';
import { describeJourneys, implementations } from './support/journey.js';
import { singleSignOn } from './support/sign-in.js';
import { listLogins } from './support/vault.js';

describeJourneys('login with single sign-on', (company) => {
  test.each(implementations)(
    'opens the vault through the $implementation with the key that the service keeps',
    async ({ featureStates }) => {
      const { member } = await storedMember(company());
      company().bitwarden.state.admit(member, featureStates);

      const signedIn = await singleSignOn(company(), member);

      expect(signedIn).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(await listLogins(signedIn)).toEqual([wiki]);
    },
  );
});
