import { z } from 'zod';
import { decryptionOptions } from './decryption-options.js';
import type { BitwardenState } from './state.js';
import type { Member } from './member.js';
import type { Routes } from './router.js';

const tokenRequest = z.discriminatedUnion('grant_type', [
  z.object({
    grant_type: z.literal('client_credentials'),
    client_id: z.string().startsWith('user.'),
    client_secret: z.string(),
  }),
  // The code that the browser brings back is the id of the member who signed in there.
  z.object({ grant_type: z.literal('authorization_code'), code: z.string(), code_verifier: z.string().min(43) }),
  z.object({ grant_type: z.literal('refresh_token'), refresh_token: z.string() }),
]);

/**
 * The identity server: logins by API key and by single sign-on. Tokens come from the issuer whose keys the service
 * reads.
 */
export function identityRoutes(state: BitwardenState): Routes {
  return {
    'POST /identity/connect/token': ({ body }) => {
      const request = tokenRequest.parse(Object.fromEntries(new URLSearchParams(body)));
      switch (request.grant_type) {
        case 'client_credentials': {
          const member = state.member(request.client_id.slice('user.'.length));
          if (request.client_secret !== member.apiSecret) return { status: 400, json: { error: 'invalid_client' } };
          return { status: 200, json: tokenResponse(state, member, state.signIn(member, 'Application')) };
        }
        case 'authorization_code':
        case 'refresh_token': {
          const id = request.grant_type === 'refresh_token' ? request.refresh_token : request.code;
          const member = state.member(id);
          const token = state.signIn(member, 'external');
          return { status: 200, json: { ...tokenResponse(state, member, token), refresh_token: member.id } };
        }
      }
    },
  };
}

function tokenResponse(state: BitwardenState, known: Member, token: string): Record<string, unknown> {
  const { account, ...asNew } = known;
  const member: Member = account === undefined || state.signedInBefore.has(known) ? asNew : known;
  const enrolled = member.account && {
    Key: member.account.wrappedUserKey,
    PrivateKey: member.account.keys.publicKeyEncryptionKeyPair.wrappedPrivateKey,
    AccountKeys: member.account.keys,
  };
  return {
    access_token: token,
    expires_in: 3600,
    token_type: 'Bearer',
    scope: 'api',
    ...enrolled,
    MasterPasswordPolicy: { Object: 'masterPasswordPolicy' },
    ForcePasswordReset: false,
    Kdf: 0,
    KdfIterations: 600_000,
    KdfMemory: null,
    KdfParallelism: null,
    UserDecryptionOptions: decryptionOptions(member, state.keyConnectorUrl),
    ApiUseKeyConnector: member.masterPassword === undefined,
  };
}
