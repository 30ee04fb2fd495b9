import { createPublicKey, type KeyObject } from 'node:crypto';
import { DataKeyWrapper } from '../../contract/data-key-wrapper.js';
import { publicKeyFacts } from '../../contract/fingerprint.js';
import type { KeyEncryptionKey } from '../../contract/key-encryption-key.js';
import {
  encryptWithPublicKey,
  type JoseOaep,
  oaepAlgorithms,
  oaepBySetting,
  type OaepHashSetting,
} from '../../contract/rsa-oaep.js';
import type { KeyFile, KeyFileSource } from '../../key-files/key-file.js';
import { thumbprintOf } from '../../key-files/thumbprint.js';

/**
 * The RSA key of a key file, held in memory as CryptoKeys: WebCrypto runs each operation on libuv's thread pool, so
 * that a private-key operation (milliseconds for 4096 bits) never holds the event loop.
 *
 * @param hash the hash of new wrappings. SHA-1 is still sound in OAEP, but policies forbid it: unasked, only classic
 * wrappings are made with it.
 */
export function inMemoryKey(
  { privateKey, certificate }: KeyFile,
  { origin, version }: Pick<KeyFileSource, 'origin' | 'version'>,
  hash: OaepHashSetting = 'sha256',
): KeyEncryptionKey {
  const publicKey = createPublicKey(privateKey);
  const facts = publicKeyFacts(publicKey);
  const thumbprint = certificate && thumbprintOf(certificate);
  const name = thumbprint === undefined ? `rsa-public-key:${facts.id}` : `certificate:sha1:${thumbprint}`;
  const decrypt = {
    'RSA-OAEP': decryptWith(privateKey, 'RSA-OAEP'),
    'RSA-OAEP-256': decryptWith(privateKey, 'RSA-OAEP-256'),
  };
  return new DataKeyWrapper<JoseOaep>(
    {
      ...facts,
      description: `RSA ${privateKey.asymmetricKeyDetails?.modulusLength ?? ''} from ${origin}`,
      keyReference: version === undefined ? name : `${name}@${version}`,
      algorithm: oaepBySetting[hash].jose,
      classicAlgorithm: 'RSA-OAEP',
    },
    {
      encrypt: encryptWithPublicKey(publicKey, oaepAlgorithms.jose),
      decrypt: (ciphertext, algorithm) => decrypt[algorithm](ciphertext),
    },
  );
}

/** Decrypts with one algorithm; what does not open gives `undefined`. */
function decryptWith(
  privateKey: KeyObject,
  algorithm: JoseOaep,
): (ciphertext: Uint8Array) => Promise<Uint8Array | undefined> {
  const key = privateKey.toCryptoKey({ name: 'RSA-OAEP', hash: oaepAlgorithms.jose[algorithm] }, false, ['decrypt']);
  return (ciphertext) =>
    crypto.subtle.decrypt({ name: 'RSA-OAEP' }, key, new Uint8Array(ciphertext)).then(
      (plain) => new Uint8Array(plain),
      () => undefined,
    );
}
