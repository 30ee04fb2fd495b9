import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { decrypt, stretch } from './support/bitwarden/enc-string.js';
import { newMember } from './support/bitwarden/member.js';
import { describeJourneys, implementations, journeyTimeoutMs } from './support/journey.js';
import { apiKeyLogin, singleSignOn } from './support/sign-in.js';
import { addLogin, listLogins } from './support/vault.js';

const wiki = { name: 'Wiki', username: 'ada', password: 'correct horse' };
const enrolmentCalls = { TypeScript: ['POST 200'], SDK: ['GET 404', 'POST 200'] };

describeJourneys('first login of a new member', (company) => {
  describe.each(implementations)('through the $implementation', ({ implementation, featureStates }) => {
    test(
      'stores a key that opens the vault on the next device',
      async () => {
        const member = newMember();
        company().bitwarden.state.admit(member, featureStates);

        const first = await singleSignOn(company(), member);

        expect(first).toMatchObject({ complaint: '', calls: enrolmentCalls[implementation] });
        const key = await company().keyOf(member);
        expect(key).toHaveLength(32);
        // The key at the service, and nothing else, opens what the client left with its server.
        expect(() => decrypt(member.account?.wrappedUserKey ?? '', stretch(key ?? Buffer.alloc(32)))).not.toThrow();

        await addLogin(first, wiki);
        const second = await apiKeyLogin(company(), member);
        expect(second).toMatchObject({ complaint: '', calls: ['GET 200'] });
        expect(await listLogins(second)).toEqual([wiki]);
      },
      journeyTimeoutMs,
    );
  });

  test(
    'leaves a stored key alone when the server has forgotten the member (TypeScript)',
    async () => {
      const member = newMember();
      const key = randomBytes(32);
      company().bitwarden.state.admit(member);
      await company().storeKey(member, key);

      const { complaint, calls } = await singleSignOn(company(), member);

      expect(complaint).toMatch(/USER_KEY_ALREADY_STORED[^]*Key Connector error/);
      expect(calls).toEqual(['POST 400']);
      expect(await company().keyOf(member)).toEqual(key);
      expect(member.account).toBeUndefined();
    },
    journeyTimeoutMs,
  );
});
