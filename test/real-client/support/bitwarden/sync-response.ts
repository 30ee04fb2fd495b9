import { masterPasswordUnlock } from './decryption-options.js';
import type { Member, StoredCipher } from './member.js';
import { organizationResponse } from './organization-response.js';

export const created = '2026-01-01T00:00:00.000Z';

/** The member's profile and vault, everything that a client reads after login. */
export function syncResponse(member: Member, keyConnectorUrl: string): Record<string, unknown> {
  return {
    object: 'sync',
    profile: {
      id: member.id,
      name: 'Member',
      email: member.email,
      emailVerified: true,
      key: member.account?.wrappedUserKey ?? null,
      privateKey: member.account?.keys.publicKeyEncryptionKeyPair.wrappedPrivateKey ?? null,
      accountKeys: member.account?.keys ?? null,
      // Another stamp than at the last sync logs the client out.
      securityStamp: member.id,
      usesKeyConnector: member.masterPassword === undefined,
      creationDate: created,
      verifyDevices: false,
      organizations: member.organizationKey ? [organizationResponse(member, keyConnectorUrl)] : [],
      providers: [],
      providerOrganizations: [],
    },
    folders: [],
    collections: [],
    ciphers: member.ciphers.map(cipherResponse),
    policies: [],
    sends: [],
    domains: {},
    userDecryption: { ...masterPasswordUnlock(member), userKeyId: member.userKeyId },
  };
}

/** One vault item with the fields that a server adds. */
export function cipherResponse(cipher: StoredCipher): Record<string, unknown> {
  return {
    ...cipher,
    object: 'cipherDetails',
    organizationId: null,
    organizationUseTotp: false,
    edit: true,
    viewPassword: true,
    collectionIds: [],
    creationDate: created,
    revisionDate: created,
    deletedDate: null,
    // Clients send an object and read a list.
    attachments: null,
    attachments2: undefined,
  };
}
