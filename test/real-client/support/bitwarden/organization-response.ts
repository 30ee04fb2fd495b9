import type { Member } from './member.js';

// Clients decode these strictly: a missing one fails the whole sync.
const switchedOff = [
  'accessSecretsManager',
  'allowAdminAccessToAllCollectionItems',
  'familySponsorshipAvailable',
  'hasPublicAndPrivateKeys',
  'isAdminInitiated',
  'limitCollectionCreation',
  'limitCollectionDeletion',
  'limitItemDeletion',
  'resetPasswordEnrolled',
  'selfHost',
  'use2fa',
  'useActivateAutofillPolicy',
  'useAdminSponsoredFamilies',
  'useApi',
  'useAutomaticUserConfirmation',
  'useDirectory',
  'useEvents',
  'useGroups',
  'useOrganizationDomains',
  'usePasswordManager',
  'usePolicies',
  'useResetPassword',
  'useRiskInsights',
  'useSecretsManager',
  'useTotp',
  'userIsClaimedByOrganization',
  'usersGetPremium',
];

/** The member's company in the profile: an organization that asks its ordinary users to use the key connector. */
export function organizationResponse(member: Member, keyConnectorUrl: string): Record<string, unknown> {
  return {
    ...Object.fromEntries(switchedOff.map((name) => [name, false])),
    object: 'profileOrganization',
    id: '0f0e0d0c-0b0a-4908-8706-050403020100',
    name: 'Company',
    identifier: 'company',
    userId: member.id,
    organizationUserId: member.id,
    status: 2, // confirmed
    type: 2, // user
    enabled: true,
    useSso: true,
    ssoBound: true,
    ssoEnabled: true,
    useKeyConnector: true,
    keyConnectorEnabled: true,
    keyConnectorUrl,
    key: member.organizationKey,
    permissions: {},
    productTierType: 3, // enterprise
    seats: 10,
    maxCollections: 10,
  };
}
