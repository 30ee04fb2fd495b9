import { z } from 'zod';
import { created } from './sync-response.js';
import { accountKeysSchema, accountKeysV1 } from './account-keys.js';
import type { BitwardenState } from './state.js';
import type { Member } from './member.js';
import type { Routes } from './router.js';

const enrolmentV1 = z
  .object({ key: z.string(), keys: z.object({ publicKey: z.string(), encryptedPrivateKey: z.string() }) })
  .transform(({ key, keys }) => ({
    wrappedUserKey: key,
    keys: accountKeysV1(keys.encryptedPrivateKey, keys.publicKey),
  }));

const enrolmentV2 = z
  .object({ keyConnectorKeyWrappedUserKey: z.string(), accountKeys: accountKeysSchema })
  .transform(({ keyConnectorKeyWrappedUserKey, accountKeys }) => ({
    wrappedUserKey: keyConnectorKeyWrappedUserKey,
    keys: accountKeys,
  }));

const rewrapping = z.object({ keyConnectorKeyWrappedUserKey: z.string() });

/** The calls with which a client tells the server that the key connector holds the member's key from now on. */
export function accountRoutes(state: BitwardenState): Routes {
  const route =
    (change: (member: Member, body: unknown) => void): Routes[string] =>
    ({ authorization, body }) => {
      change(state.caller(authorization), body === '' ? undefined : JSON.parse(body));
      return { status: 200 };
    };
  return {
    'POST /api/accounts/set-key-connector-key': ({ authorization, body }) => {
      const member = state.caller(authorization);
      // A member enrols once, whichever device is first.
      if (member.account !== undefined) return { status: 400, json: { message: 'The member is enrolled already.' } };
      member.account = z.union([enrolmentV1, enrolmentV2]).parse(JSON.parse(body));
      return { status: 200 };
    },
    'POST /api/accounts/convert-to-key-connector': route((member) => {
      delete member.masterPassword;
    }),
    'POST /api/accounts/key-connector/enroll': route((member, body) => {
      if (member.account) {
        const { keyConnectorKeyWrappedUserKey } = rewrapping.parse(body);
        member.account = { ...member.account, wrappedUserKey: keyConnectorKeyWrappedUserKey };
      }
      delete member.masterPassword;
    }),
    'POST /api/accounts/key-management/user-key-id': route((member, body) => {
      member.userKeyId = z.object({ userKeyId: z.string() }).parse(body).userKeyId;
    }),
    'GET /api/accounts/revision-date': () => ({ status: 200, json: Date.parse(created) }),
  };
}
