import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { makeIssuerKey } from '../lab/issuer/tokens.js';
import { enrolledMember } from './support/bitwarden/enrolled-member.js';
import { forgottenMember, storedMember } from './support/cast.js';
import { startGateway } from './support/gateway.js';
import { describeJourneys, implementations, sdk } from './support/journey.js';
import { apiKeyLogin, singleSignOn } from './support/sign-in.js';

const noKey = { TypeScript: /USER_KEY_NOT_FOUND[^]*Key Connector error/, SDK: /Key connector retrieval failed/ };
const badToken = { TypeScript: /TOKEN_INVALID[^]*Key Connector error/, SDK: /Key connector retrieval failed/ };
// The TypeScript implementation logs out on a 401; the SDK's caller keeps the account, locked.
const statusAfterBadToken = { TypeScript: 'unauthenticated', SDK: 'locked' };

describeJourneys('a login that the service refuses', (company) => {
  describe.each(implementations)('through the $implementation', ({ implementation, featureStates }) => {
    test('says that no key is stored, and stores none (404)', async () => {
      const member = enrolledMember(randomBytes(32), []);
      company().bitwarden.state.admit(member, featureStates);

      const { complaint, calls } = await apiKeyLogin(company(), member);

      expect(complaint).toMatch(noKey[implementation]);
      expect(calls).toEqual(['GET 404']);
      expect(await company().keyConnector.keyOf(member)).toBeUndefined();
    });

    test('fails with a token that another issuer signed, and stores nothing (401)', async () => {
      const { member, key } = await storedMember(company());
      company().bitwarden.state.admit(member, featureStates);

      const { complaint, calls, client } = await company().withTokensSignedBy(makeIssuerKey(), () =>
        apiKeyLogin(company(), member),
      );

      expect(complaint).toMatch(badToken[implementation]);
      expect(calls).toEqual(['GET 401']);
      expect(await client.status()).toBe(statusAfterBadToken[implementation]);
      expect(await company().keyConnector.keyOf(member)).toEqual(key);
    });
  });

  // The SDK takes any failed read for "no key yet", and posts a new one.
  test.each([404, 503])('a new member whose read fails on the way (%i) overwrites nothing', async (status) => {
    const { member, key } = await forgottenMember(company());
    company().bitwarden.state.admit(member, sdk.featureStates);
    const gateway = await startGateway({ tls: company().tls, target: company().keyConnector.url, status });

    const { complaint, calls } = await company()
      .withKeyConnectorAt(gateway.url, () => singleSignOn(company(), member))
      .finally(() => gateway.stop());

    expect(complaint).toMatch(/Status\(400\)[^]*Key Connector Api call failed/);
    expect(calls).toEqual(['POST 400']);
    expect(await company().keyConnector.keyOf(member)).toEqual(key);
    expect(member.account).toBeUndefined();
  });
});
