import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Asn1 } from './asn1.js';
import type { EncodedPassword } from './encoded-password.js';
import { derivePbmac1Key, hmacHash } from './pbkdf2.js';
import { type HashName, pkcs12Kdf, purpose } from './pkcs12-kdf.js';
import { unsupported } from './supported.js';

const pbmac1 = '1.2.840.113549.1.5.14';

const hashes: Readonly<Record<string, { hash: HashName; length: number }>> = {
  '1.3.14.3.2.26': { hash: 'sha1', length: 20 },
  '2.16.840.1.101.3.4.2.4': { hash: 'sha224', length: 28 },
  '2.16.840.1.101.3.4.2.1': { hash: 'sha256', length: 32 },
  '2.16.840.1.101.3.4.2.2': { hash: 'sha384', length: 48 },
  '2.16.840.1.101.3.4.2.3': { hash: 'sha512', length: 64 },
};

/** Whether the password is the one that the MacData (RFC 7292, section 4) over these contents was made with. */
export async function macMatches(macData: Asn1, contents: Buffer, password: EncodedPassword): Promise<boolean> {
  const algorithm = macData.child(0).child(0);
  const expected = macData.child(0).child(1).octets();
  const oid = algorithm.child(0).oid();
  const { key, hash } =
    oid === pbmac1
      ? await pbmac1Key(algorithm.child(1), password)
      : await classicKey(macData, hashes[oid] ?? unsupported(oid), password);
  const actual = createHmac(hash, key).update(contents).digest();
  key.fill(0);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

async function classicKey(
  macData: Asn1,
  { hash, length }: { hash: HashName; length: number },
  password: EncodedPassword,
): Promise<{ key: Buffer; hash: HashName }> {
  const [, salt, iterations] = macData.children;
  const input = {
    hash,
    password: password.bmp,
    salt: salt?.octets() ?? Buffer.alloc(0),
    iterations: iterations?.count() ?? 1,
  };
  return { key: await pkcs12Kdf(input, purpose.macKey, length), hash };
}

/** PBMAC1 in PKCS#12 (RFC 9579): the key comes from PBKDF2, whose parameters stand in the algorithm. */
async function pbmac1Key(parameters: Asn1, password: EncodedPassword): Promise<{ key: Buffer; hash: HashName }> {
  return { key: await derivePbmac1Key(parameters.child(0), password.utf8), hash: hmacHash(parameters.child(1)) };
}
