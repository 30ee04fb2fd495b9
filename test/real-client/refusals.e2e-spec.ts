import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { makeIssuerKey } from '../support/issuer.tokens.js';
import { enrolledMember } from './support/bitwarden/enrolled-member.js';
import { newMember } from './support/bitwarden/member.js';
import { startGateway } from './support/gateway.js';
import { describeJourneys, implementations, journeyTimeoutMs } from './support/journey.js';
import { apiKeyLogin, singleSignOn } from './support/sign-in.js';

const noKey = { TypeScript: /USER_KEY_NOT_FOUND[^]*Key Connector error/, SDK: /Key connector retrieval failed/ };
const badToken = { TypeScript: /TOKEN_INVALID[^]*Key Connector error/, SDK: /Key connector retrieval failed/ };

describeJourneys('a login that the service refuses', (company) => {
  describe.each(implementations)('through the $implementation', ({ implementation, featureStates }) => {
    test(
      'says that no key is stored, and stores none (404)',
      async () => {
        const member = enrolledMember(randomBytes(32), []);
        company().bitwarden.state.admit(member, featureStates);

        const { complaint, calls } = await apiKeyLogin(company(), member);

        expect(complaint).toMatch(noKey[implementation]);
        expect(calls).toEqual(['GET 404']);
        expect(await company().keyOf(member)).toBeUndefined();
      },
      journeyTimeoutMs,
    );

    test(
      'fails with a token that another issuer signed (401)',
      async () => {
        const key = randomBytes(32);
        const member = enrolledMember(key, []);
        company().bitwarden.state.admit(member, featureStates);
        await company().storeKey(member, key);
        const stranger = makeIssuerKey();

        const { complaint, calls, client } = await company().withTokensSignedBy(stranger, () =>
          apiKeyLogin(company(), member),
        );

        expect(complaint).toMatch(badToken[implementation]);
        expect(calls).toEqual(['GET 401']);
        // The TypeScript implementation logs out; the SDK's caller keeps the account, locked.
        expect(await client.status()).toBe(implementation === 'SDK' ? 'locked' : 'unauthenticated');
        expect(await company().keyOf(member)).toEqual(key);
      },
      journeyTimeoutMs,
    );
  });

  const newInTheSdk = implementations[1].featureStates;

  test.each([404, 503])(
    'a new member whose read fails on the way (%i) cannot overwrite a stored key',
    async (status) => {
      const key = randomBytes(32);
      const member = newMember();
      company().bitwarden.state.admit(member, newInTheSdk);
      await company().storeKey(member, key);
      const gateway = await startGateway({ tls: company().tls, target: company().keyConnectorUrl, status });

      const { complaint, calls } = await company().withKeyConnectorAt(gateway.url, () =>
        singleSignOn(company(), member),
      );
      await gateway.stop();

      // The SDK takes any failed read for "no key yet", and posts a new one.
      expect(complaint).toMatch(/Status\(400\)[^]*Key Connector Api call failed/);
      expect(calls).toEqual(['POST 400']);
      expect(await company().keyOf(member)).toEqual(key);
      expect(member.account).toBeUndefined();
    },
    journeyTimeoutMs,
  );
});
