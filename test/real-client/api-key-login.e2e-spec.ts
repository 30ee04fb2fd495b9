import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { enrolledMember } from './support/bitwarden/enrolled-member.js';
import { describeJourneys, implementations, journeyTimeoutMs } from './support/journey.js';
import { apiKeyLogin } from './support/sign-in.js';
import { listLogins } from './support/vault.js';

const wiki = { name: 'Wiki', username: 'ada', password: 'correct horse' };

describeJourneys('login with an API key', (company) => {
  describe.each(implementations)('through the $implementation', ({ featureStates }) => {
    test(
      'opens the vault with the key that the service keeps',
      async () => {
        const key = randomBytes(32);
        const member = enrolledMember(key, [wiki]);
        company().bitwarden.state.admit(member, featureStates);
        await company().storeKey(member, key);

        const signedIn = await apiKeyLogin(company(), member);

        expect(signedIn).toMatchObject({ complaint: '', calls: ['GET 200'] });
        expect(await listLogins(signedIn)).toEqual([wiki]);
      },
      journeyTimeoutMs,
    );
  });
});
