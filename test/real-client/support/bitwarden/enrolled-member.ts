import { constants, generateKeyPairSync, pbkdf2Sync, publicEncrypt, randomBytes, randomUUID } from 'node:crypto';
import { accountKeysV1 } from './account-keys.js';
import { decrypt, encrypt, encryptionKey, stretch } from './enc-string.js';
import { type Member, newMember, type StoredCipher } from './member.js';

/** A login in the vault, in clear. */
export interface Login {
  readonly name: string;
  readonly username: string;
  readonly password: string;
}

// The lowest count that the client takes without a warning (OWASP's figure for PBKDF2-HMAC-SHA-256).
const kdfIterations = 600_000;

/** A member with a vault whose user key is wrapped with `masterKey`: the 32 bytes that a key connector keeps. */
export function enrolledMember(masterKey: Buffer, logins: readonly Login[]): Member {
  const userKeyBytes = randomBytes(64);
  const userKey = encryptionKey(userKeyBytes);
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const seal = (text: string): string => encrypt(text, userKey);
  return {
    ...newMember(),
    account: {
      wrappedUserKey: encrypt(userKeyBytes, stretch(masterKey)),
      keys: accountKeysV1(encrypt(pair.privateKey, userKey), pair.publicKey.toString('base64')),
    },
    organizationKey: encryptTo(pair.publicKey, randomBytes(64)),
    ciphers: logins.map((login) => storedLogin(login, seal)),
  };
}

/** A member who still opens the vault with a master password. */
export function masterPasswordMember(masterPassword: string, logins: readonly Login[]): Member & { masterKey: Buffer } {
  const email = `${randomUUID()}@company.example`;
  const masterKey = pbkdf2Sync(masterPassword, email, kdfIterations, 32, 'sha256');
  return { ...enrolledMember(masterKey, logins), email, masterPassword: { kdfIterations }, masterKey };
}

/** The client's `4.ciphertext` text: RSA-OAEP with SHA-1. */
function encryptTo(publicKey: Buffer, plaintext: Buffer): string {
  const key = { key: publicKey, format: 'der', type: 'spki', padding: constants.RSA_PKCS1_OAEP_PADDING } as const;
  return `4.${publicEncrypt(key, plaintext).toString('base64')}`;
}

function storedLogin({ name, username, password }: Login, seal: (text: string) => string): StoredCipher {
  return {
    id: randomUUID(),
    type: 1, // a login
    name: seal(name),
    login: { username: seal(username), password: seal(password) },
  };
}

/** Whether this key, and nothing else, opens the user key that the member's client left with the server. */
export function opensAccount(key: Buffer | undefined, member: Member): boolean {
  if (key?.length !== 32 || !member.account) return false;
  try {
    return decrypt(member.account.wrappedUserKey, stretch(key)).length > 0;
  } catch {
    return false;
  }
}
