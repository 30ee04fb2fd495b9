import { expect, test } from '@jest/globals';
import { newMember } from './support/bitwarden/member.js';
import { opensAccount } from './support/bitwarden/enrolled-member.js';
import { forgottenMember, wiki } from './support/cast.js';
import { describeJourneys, implementations, sdk, typeScript } from './support/journey.js';
import { apiKeyLogin, enrol, singleSignOn } from './support/sign-in.js';
import { addLogin, listLogins } from './support/vault.js';

const enrolmentCalls = { TypeScript: ['POST 200'], SDK: ['GET 404', 'POST 200'] };

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
});

describeJourneys('first login of a member whom only the service remembers', (company) => {
  test('is refused through the TypeScript, which posts, and leaves the stored key alone', async () => {
    const { member, key } = await forgottenMember(company());
    company().bitwarden.state.admit(member, typeScript.featureStates);

    const { complaint, calls } = await singleSignOn(company(), member);

    expect(complaint).toMatch(/USER_KEY_ALREADY_STORED[^]*Key Connector error/);
    expect(calls).toEqual(['POST 400']);
    expect(await company().keyConnector.keyOf(member)).toEqual(key);
    expect(member.account).toBeUndefined();
  });

  test('replaces the key through the SDK, which finds it and puts a new one', async () => {
    const { member, key } = await forgottenMember(company());
    company().bitwarden.state.admit(member, sdk.featureStates);

    expect(await enrol(company(), member)).toMatchObject({ complaint: '', calls: ['GET 200', 'PUT 200'] });

    const replaced = await company().keyConnector.keyOf(member);
    expect(replaced).not.toEqual(key);
    expect(opensAccount(replaced, member)).toBe(true);
  });
});
