import { describe, expect, test } from '@jest/globals';
import { decrypt, stretch } from './support/bitwarden/enc-string.js';
import { masterPasswordMember } from './support/bitwarden/enrolled-member.js';
import { describeJourneys, implementations, journeyTimeoutMs } from './support/journey.js';
import { apiKeyLogin, removeMasterPassword, singleSignOn } from './support/sign-in.js';
import { listLogins } from './support/vault.js';

const wiki = { name: 'Wiki', username: 'ada', password: 'correct horse' };
const masterPassword = 'battery staple';
const migrationCalls = { TypeScript: ['POST 200'], SDK: ['GET 404', 'POST 200'] };

describeJourneys('removing a master password', (company) => {
  describe.each(implementations)('through the $implementation', ({ implementation, featureStates }) => {
    test(
      'stores a key that opens the same vault without the master password',
      async () => {
        const member = masterPasswordMember(masterPassword, [wiki]);
        company().bitwarden.state.admit(member, featureStates);
        const signedIn = await singleSignOn(company(), member);
        expect(signedIn).toMatchObject({ complaint: '', calls: [] });

        const { result: migrated, calls } = await company().watch(() =>
          removeMasterPassword(signedIn.client, masterPassword),
        );

        expect({ complaint: migrated.complaint, calls }).toEqual({
          complaint: '',
          calls: migrationCalls[implementation],
        });
        expect(member.masterPassword).toBeUndefined();
        expect(await listLogins({ client: signedIn.client, session: migrated.session })).toEqual([wiki]);
        const key = (await company().keyOf(member)) ?? Buffer.alloc(32);
        expect(() => decrypt(member.account?.wrappedUserKey ?? '', stretch(key))).not.toThrow();

        const second = await apiKeyLogin(company(), member);
        expect(second).toMatchObject({ complaint: '', calls: ['GET 200'] });
        expect(await listLogins(second)).toEqual([wiki]);
      },
      journeyTimeoutMs,
    );
  });
});
