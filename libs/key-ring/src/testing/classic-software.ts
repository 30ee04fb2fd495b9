import { execFileSync } from 'node:child_process';
import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { classicFolder } from './key-ring-fixture.js';

const oaepSha1 = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };

/** The deployment's RSA key, read by the openssl program rather than by us. */
function classicRsaKey(): KeyObject {
  const parameters = ['pkcs12', '-in', `${classicFolder}bwkc-aes.pfx`, '-passin', 'pass:fixture-password', '-nodes'];
  return createPrivateKey(execFileSync('openssl', [...parameters, '-nocerts']));
}

/** Opens ApplicationDatas.SymmetricKey as a classic deployment does. */
export function openAsClassicSoftware(symmetricKey: string, key: KeyObject = classicRsaKey()): Buffer {
  return privateDecrypt({ key, ...oaepSha1 }, Buffer.from(symmetricKey, 'base64'));
}

/** Wraps as a classic deployment does, whatever the length. */
export function wrapAsClassicSoftware(dataKey: Buffer, key: KeyObject = createPublicKey(classicRsaKey())): string {
  return publicEncrypt({ key, ...oaepSha1 }, dataKey).toString('base64');
}
