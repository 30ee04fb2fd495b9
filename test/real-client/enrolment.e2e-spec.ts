import { expect, test } from '@jest/globals';
import { type Member, newMember } from './support/bitwarden/member.js';
import { opensAccount } from './support/bitwarden/enrolled-member.js';
import { forgottenMember, wiki } from './support/cast.js';
import type { Company } from './support/company.js';
import { describeJourneys, implementations, sdk, typeScript } from './support/journey.js';
import { apiKeyLogin, enrol, type SignedIn, singleSignOn } from './support/sign-in.js';
import { addLogin, listLogins } from './support/vault.js';

const enrolmentCalls = { TypeScript: ['POST 200'], SDK: ['GET 404', 'POST 200'] };
const refusedCalls = { TypeScript: ['POST 400'], SDK: ['GET 200', 'PUT 400'] };

describeJourneys('first login of a new member', (company) => {
  test.each(implementations)(
    'stores a key through the $implementation that opens the vault on the next device',
    async ({ implementation, featureStates }) => {
      const member = newMember();
      company().bitwarden.state.admit(member, featureStates);

      const first = await enrol(company(), member);

      expect(first).toMatchObject({ complaint: '', calls: enrolmentCalls[implementation] });
      expect(opensAccount(await company().keyConnector.keyOf(member), member)).toBe(true);

      await addLogin(first, wiki);
      const second = await apiKeyLogin(company(), member);
      expect(second).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(await listLogins(second)).toEqual([wiki]);
    },
  );

  test.each(implementations)(
    'on two devices through the $implementation keeps the key of the first, and the second reads it when it signs in again',
    async ({ implementation, featureStates }) => {
      const member = newMember();
      company().bitwarden.state.admit(member, featureStates);
      await enrol(company(), member);
      const key = await company().keyConnector.keyOf(member);

      const second = await secondDevice(company(), member);

      expect(second.calls).toEqual(refusedCalls[implementation]);
      expect(second.complaint).not.toBe('');
      expect(await company().keyConnector.keyOf(member)).toEqual(key);
      const again = await apiKeyLogin(company(), member);
      expect(again).toMatchObject({ complaint: '', calls: ['GET 200'] });
      expect(opensAccount(key, member)).toBe(true);
    },
  );
});

describeJourneys(
  'first login where a key can be replaced at any time',
  (company) => {
    test('of a member whom only the service remembers is refused through the TypeScript, which posts', async () => {
      const { member, key } = await forgottenMember(company());
      company().bitwarden.state.admit(member, typeScript.featureStates);

      const { complaint, calls } = await singleSignOn(company(), member);

      expect(complaint).toMatch(/USER_KEY_ALREADY_STORED[^]*Key Connector error/);
      expect(calls).toEqual(['POST 400']);
      expect(await company().keyConnector.keyOf(member)).toEqual(key);
      expect(member.account).toBeUndefined();
    });

    test('of such a member replaces the key through the SDK, which finds it and puts a new one', async () => {
      const { member, key } = await forgottenMember(company());
      company().bitwarden.state.admit(member, sdk.featureStates);

      expect(await enrol(company(), member)).toMatchObject({ complaint: '', calls: ['GET 200', 'PUT 200'] });

      const replaced = await company().keyConnector.keyOf(member);
      expect(replaced).not.toEqual(key);
      expect(opensAccount(replaced, member)).toBe(true);
    });

    // What the guard is for: without it the client itself locks the vault.
    test('on two devices of a new member locks the vault through the SDK', async () => {
      const member = newMember();
      company().bitwarden.state.admit(member, sdk.featureStates);
      await enrol(company(), member);
      expect(opensAccount(await company().keyConnector.keyOf(member), member)).toBe(true);

      const second = await secondDevice(company(), member);

      expect(second.calls).toEqual(['GET 200', 'PUT 200']);
      expect(second.complaint).not.toBe('');
      expect(opensAccount(await company().keyConnector.keyOf(member), member)).toBe(false);
    });
  },
  { deployment: () => Promise.resolve({ settings: { userKeys__replaceGuardMinutes: '0' } }) },
);

/** Goes on on a device where the member signed in before the first one enrolled. */
async function secondDevice(company: Company, member: Member): Promise<SignedIn> {
  const { signedInBefore } = company.bitwarden.state;
  signedInBefore.add(member);
  return singleSignOn(company, member).finally(() => signedInBefore.delete(member));
}
