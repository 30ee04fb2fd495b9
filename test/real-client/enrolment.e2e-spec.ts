import { expect, test } from '@jest/globals';
import { type Member, newMember } from './support/bitwarden/member.js';
import { opensAccount } from './support/bitwarden/enrolled-member.js';
import { forgottenMember, wiki } from './support/cast.js';
import type { Company } from './support/company.js';
import { describeJourneys, implementations, sdk, typeScript } from './support/journey.js';
import { apiKeyLogin, enrol, type SignedIn, singleSignOn } from './support/sign-in.js';
import { addLogin, listLogins } from './support/vault.js';

const enrolmentCalls = { TypeScript: ['POST 200'], SDK: ['GET 404', 'POST 200'] };
const refusals = {
  TypeScript: /USER_KEY_ALREADY_STORED[^]*Key Connector error/,
  SDK: /Status\(400\)[^]*Key Connector Api call failed/,
};
const refusedCalls = { TypeScript: ['POST 400'], SDK: ['GET 200', 'PUT 400'] };

describeJourneys('first login of a new member', (company) => {
  test.each(implementations)(
    'stores a key through the $implementation that no other device replaces, and that opens the vault on each',
    async ({ implementation, featureStates }) => {
      const member = newMember();
      company().bitwarden.state.admit(member, featureStates);

      const first = await enrol(company(), member);

      expect(first).toMatchObject({ complaint: '', calls: enrolmentCalls[implementation] });
      const key = await company().keyConnector.keyOf(member);
      expect(opensAccount(key, member)).toBe(true);
      await addLogin(first, wiki);

      const second = await deviceSignedInBefore(company(), member);
      expect(second.complaint).toMatch(refusals[implementation]);
      expect(second.calls).toEqual(refusedCalls[implementation]);
      expect(await company().keyConnector.keyOf(member)).toEqual(key);

      const again = await apiKeyLogin(company(), member);
      expect(again).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(await listLogins(again)).toEqual([wiki]);
    },
  );
});

describeJourneys(
  'first login of a member whom only the service remembers, where a key can be replaced at any time,',
  (company) => {
    test('is refused through the TypeScript, which posts, and leaves the stored key alone', async () => {
      const { member, key } = await forgottenMember(company());
      company().bitwarden.state.admit(member, typeScript.featureStates);

      const { complaint, calls } = await singleSignOn(company(), member);

      expect(complaint).toMatch(/USER_KEY_ALREADY_STORED[^]*Key Connector error/);
      expect(calls).toEqual(['POST 400']);
      expect(await company().keyConnector.keyOf(member)).toEqual(key);
      expect(member.account).toBeUndefined();
    });

    test('replaces the key through the SDK; so does a device that signed in before, which locks the vault', async () => {
      const { member, key } = await forgottenMember(company());
      company().bitwarden.state.admit(member, sdk.featureStates);

      expect(await enrol(company(), member)).toMatchObject({ complaint: '', calls: ['GET 200', 'PUT 200'] });

      const replaced = await company().keyConnector.keyOf(member);
      expect(replaced).not.toEqual(key);
      expect(opensAccount(replaced, member)).toBe(true);

      // What the guard is for: the client's server refuses only afterwards.
      const second = await deviceSignedInBefore(company(), member);
      expect(second.complaint).not.toBe('');
      expect(second.calls).toEqual(['GET 200', 'PUT 200']);
      expect(opensAccount(await company().keyConnector.keyOf(member), member)).toBe(false);
    });
  },
  { deployment: () => Promise.resolve({ settings: { userKeys__replaceGuardMinutes: '0' } }) },
);

/** Lets a device go on where the member signed in before the first one enrolled. */
function deviceSignedInBefore(company: Company, member: Member): Promise<SignedIn> {
  const { signedInBefore } = company.bitwarden.state;
  signedInBefore.add(member);
  return singleSignOn(company, member).finally(() => signedInBefore.delete(member));
}
