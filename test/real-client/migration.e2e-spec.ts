import { expect, test } from '@jest/globals';
import { masterPasswordMember } from './support/bitwarden/enrolled-member.js';
import { opensAccount } from './support/bitwarden/enrolled-member.js';
import { wiki } from './support/cast.js';
import { describeJourneys, implementations } from './support/journey.js';
import { apiKeyLogin, removeMasterPassword, singleSignOn } from './support/sign-in.js';
import { listLogins } from './support/vault.js';

const masterPassword = 'battery staple';
const migrationCalls = { TypeScript: ['POST 200'], SDK: ['GET 404', 'POST 200'] };

describeJourneys('removing a master password', (company) => {
  test.each(implementations)(
    'stores a key through the $implementation that opens the same vault',
    async ({ implementation, featureStates }) => {
      const member = masterPasswordMember(masterPassword, [wiki]);
      company().bitwarden.state.admit(member, featureStates);
      const signedIn = await singleSignOn(company(), member);
      expect(signedIn).toMatchObject({ complaint: '', calls: [] });

      const migrated = await removeMasterPassword(company(), signedIn.client, masterPassword);

      expect(migrated).toMatchObject({ complaint: '', calls: migrationCalls[implementation] });
      expect(member.masterPassword).toBeUndefined();
      expect(opensAccount(await company().keyConnector.keyOf(member), member)).toBe(true);
      expect(await listLogins(migrated)).toEqual([wiki]);

      const second = await apiKeyLogin(company(), member);
      expect(second).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(await listLogins(second)).toEqual([wiki]);
    },
  );
});
