import type { Member } from './member.js';

/** How a client may open this member's vault, as the token response and the sync response say it. */
export function decryptionOptions(member: Member, keyConnectorUrl: string): Record<string, unknown> {
  return {
    Object: 'userDecryptionOptions',
    HasMasterPassword: member.masterPassword !== undefined,
    KeyConnectorOption: { KeyConnectorUrl: keyConnectorUrl },
    ...masterPasswordUnlock(member),
  };
}

/** The block that lets a client open the vault with the master password; empty for a member who has none. */
export function masterPasswordUnlock(member: Member): { MasterPasswordUnlock?: unknown } {
  if (!member.masterPassword) return {};
  return {
    MasterPasswordUnlock: {
      Salt: member.email,
      Kdf: { KdfType: 0, Iterations: member.masterPassword.kdfIterations },
      MasterKeyEncryptedUserKey: member.account?.wrappedUserKey,
    },
  };
}
