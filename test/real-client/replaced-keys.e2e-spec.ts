import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { opensAccount } from './support/bitwarden/enrolled-member.js';
import { type Member, newMember } from './support/bitwarden/member.js';
import { storedMember, wiki } from './support/cast.js';
import type { Company } from './support/company.js';
import { describeJourneys, sdk } from './support/journey.js';
import { apiKeyLogin, enrol, singleSignOn } from './support/sign-in.js';
import { addLogin, listLogins } from './support/vault.js';

describeJourneys(
  'a good key that was replaced comes back by `member restore`, and opens the vault,',
  (company) => {
    test('when the client’s server forgot the member, who enrolled anew', async () => {
      const { member } = await storedMember(company());
      const { account } = member;
      // Restored from a backup in which the member has not enrolled.
      delete member.account;
      company().bitwarden.state.admit(member, sdk.featureStates);
      expect(await enrol(company(), member)).toMatchObject({ complaint: '', calls: ['GET 200', 'PUT 200'] });

      // What it forgot is found again, with the vault.
      if (account !== undefined) member.account = account;
      await restoreFirst(company(), member);
    });

    test('when the second of two new devices sent a key of its own', async () => {
      const member = newMember();
      company().bitwarden.state.admit(member, sdk.featureStates);
      const first = await enrol(company(), member);
      expect(first).toMatchObject({ complaint: '', calls: ['GET 404', 'POST 200'] });
      await addLogin(first, wiki);

      const { signedInBefore } = company().bitwarden.state;
      signedInBefore.add(member);
      const second = await singleSignOn(company(), member).finally(() => signedInBefore.delete(member));
      expect(second.calls).toEqual(['GET 200', 'PUT 200']);
      await restoreFirst(company(), member);
    });

    test('when somebody used a stolen token, again and again', async () => {
      const { member } = await storedMember(company());
      company().bitwarden.state.admit(member, sdk.featureStates);
      for (let n = 0; n < 50; n += 1) await company().keyConnector.replaceKey(member, randomBytes(32));
      await expect(restoreFirst(company(), member)).resolves.toBeUndefined();
    });
  },
  { deployment: () => Promise.resolve({ settings: { userKeys__replaceGuardMinutes: '0' } }) },
);

/** The vault does not open; an operator gives the member the first key back; it opens. */
async function restoreFirst(company: Company, member: Member): Promise<void> {
  expect(opensAccount(await company.keyConnector.keyOf(member), member)).toBe(false);
  const { stdout } = await company.keyConnector.operator('member', 'history', member.id, '--json');
  const { replaced } = JSON.parse(stdout) as { replaced: { version: number }[] };
  const version = String(replaced[0]?.version);
  const restored = await company.keyConnector.operator('member', 'restore', member.id, '--version', version);
  expect(restored).toMatchObject({ code: 0 });
  expect(opensAccount(await company.keyConnector.keyOf(member), member)).toBe(true);
  const again = await apiKeyLogin(company, member);
  expect(again).toMatchObject({ complaint: '', calls: ['GET 200'] });
  expect(await listLogins(again)).toEqual([wiki]);
}
