import { createDecipheriv } from 'node:crypto';
import { WrongPassword } from '../key-file.js';
import type { Asn1 } from './asn1.js';
import type { EncodedPassword } from './encoded-password.js';
import { rc2, util } from './node-forge-parts.js';
import { derivePbkdf2 } from './pbkdf2.js';
import { pkcs12Kdf, purpose } from './pkcs12-kdf.js';
import { unsupported } from './supported.js';

type Decrypt = (key: Buffer, iv: Buffer, ciphertext: Buffer) => Buffer;

/** ASN.1 SEQUENCE. */
const sequenceTag = 0x30;

const pbes2 = '1.2.840.113549.1.5.13';

/** Encryption schemes of PBES2 (RFC 8018, appendix B.2). */
const schemes: Readonly<Record<string, { keyLength: number; decrypt: Decrypt }>> = {
  '2.16.840.1.101.3.4.1.2': { keyLength: 16, decrypt: nodeCipher('aes-128-cbc') },
  '2.16.840.1.101.3.4.1.22': { keyLength: 24, decrypt: nodeCipher('aes-192-cbc') },
  '2.16.840.1.101.3.4.1.42': { keyLength: 32, decrypt: nodeCipher('aes-256-cbc') },
  '1.2.840.113549.3.7': { keyLength: 24, decrypt: nodeCipher('des-ede3-cbc') },
};

/** The older schemes of PKCS#12 itself, all on SHA-1 (RFC 7292, appendix C). */
const legacySchemes: Readonly<Record<string, { keyLength: number; decrypt: Decrypt }>> = {
  '1.2.840.113549.1.12.1.3': { keyLength: 24, decrypt: nodeCipher('des-ede3-cbc') },
  '1.2.840.113549.1.12.1.4': { keyLength: 16, decrypt: twoKeyTripleDes },
  '1.2.840.113549.1.12.1.5': { keyLength: 16, decrypt: decryptRc2 },
  '1.2.840.113549.1.12.1.6': { keyLength: 5, decrypt: decryptRc2 },
};

/** Decrypts what a password protects, as its AlgorithmIdentifier says; the caller wipes the result. */
export async function decrypt(algorithm: Asn1, ciphertext: Buffer, password: EncodedPassword): Promise<Buffer> {
  const oid = algorithm.child(0).oid();
  const parameters = algorithm.child(1);
  return oid === pbes2
    ? decryptPbes2(parameters, ciphertext, password.utf8)
    : decryptLegacy(oid, parameters, ciphertext, password.bmp);
}

async function decryptPbes2(parameters: Asn1, ciphertext: Buffer, password: Buffer): Promise<Buffer> {
  const encryption = parameters.child(1);
  const oid = encryption.child(0).oid();
  const { keyLength, decrypt } = schemes[oid] ?? unsupported(oid);
  const key = await derivePbkdf2(parameters.child(0), password, keyLength);
  return opened(decrypt, key, encryption.child(1).octets(), ciphertext);
}

async function decryptLegacy(oid: string, parameters: Asn1, ciphertext: Buffer, password: Buffer): Promise<Buffer> {
  const { keyLength, decrypt } = legacySchemes[oid] ?? unsupported(oid);
  const input = {
    hash: 'sha1',
    password,
    salt: parameters.child(0).octets(),
    iterations: parameters.child(1).count(),
  } as const;
  const key = await pkcs12Kdf(input, purpose.encryptionKey, keyLength);
  return opened(decrypt, key, await pkcs12Kdf(input, purpose.initializationVector, 8), ciphertext);
}

/**
 * CBC has no integrity: a wrong password shows in the padding, or, once in 256 times, only in what comes out. All that
 * these files encrypt is a SEQUENCE.
 */
function opened(decrypt: Decrypt, key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  try {
    const plain = decrypt(key, iv, ciphertext);
    if (plain[0] === sequenceTag) return plain;
  } catch {
    // Wrong padding: the same answer as below.
  } finally {
    key.fill(0);
  }
  throw new WrongPassword();
}

function nodeCipher(name: string): Decrypt {
  return (key, iv, ciphertext) => {
    const decipher = createDecipheriv(name, key, iv);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  };
}

function twoKeyTripleDes(key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  return nodeCipher('des-ede3-cbc')(Buffer.concat([key, key.subarray(0, 8)]), iv, ciphertext);
}

/** RC2-CBC (RFC 2268), which Node's OpenSSL no longer offers: older tools protect the certificates with it. */
function decryptRc2(key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  const cipher = rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8);
  cipher.start(iv.toString('latin1'));
  cipher.update(util.createBuffer(ciphertext.toString('latin1')));
  if (!cipher.finish()) throw new Error('wrong padding');
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}
