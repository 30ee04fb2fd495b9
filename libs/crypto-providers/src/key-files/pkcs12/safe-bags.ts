import type { KeyObject } from 'node:crypto';
import type { KeyFileContents } from '../choose-key.js';
import { importPrivateKey, openEncryptedPrivateKey } from '../encrypted-private-key.js';
import { Asn1, malformed } from './asn1.js';
import type { EncodedPassword } from './encoded-password.js';
import { decrypt } from './password-based-encryption.js';
import { unsupported } from './supported.js';

const contentType = { data: '1.2.840.113549.1.7.1', encryptedData: '1.2.840.113549.1.7.6' };

const bagType = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  safeContents: '1.2.840.113549.1.12.10.1.6',
};

const x509Certificate = '1.2.840.113549.1.9.22.1';
const localKeyIdAttribute = '1.2.840.113549.1.9.21';

/** What was collected so far. */
interface SafeBags {
  readonly keys: { key: KeyObject; localKeyId: string | undefined }[];
  readonly certificates: { encoded: Buffer; localKeyId: string | undefined }[];
}

/** Opens every safe of an AuthenticatedSafe (RFC 7292, section 4.1) and collects keys and certificates. */
export async function openSafes(contents: Buffer, password: EncodedPassword): Promise<KeyFileContents> {
  const bags: SafeBags = { keys: [], certificates: [] };
  for (const safe of Asn1.parse(contents).children) {
    const plain = await openSafe(safe, password);
    try {
      await collect(Asn1.parse(plain), password, bags);
    } finally {
      plain.fill(0);
    }
  }
  return bags;
}

async function openSafe(safe: Asn1, password: EncodedPassword): Promise<Buffer> {
  if (safe.child(0).oid() !== contentType.encryptedData) return dataOf(safe);
  const encrypted = safe.child(1).child(0).child(1);
  return decrypt(encrypted.child(1), encrypted.child(2).octets(), password);
}

/** The bytes of a ContentInfo of type data; signed files and files for a recipient's public key have other types. */
export function dataOf(contentInfo: Asn1): Buffer {
  const type = contentInfo.child(0).oid();
  return type === contentType.data ? contentInfo.child(1).child(0).octets() : unsupported(type);
}

async function collect(safeContents: Asn1, password: EncodedPassword, bags: SafeBags): Promise<void> {
  for (const bag of safeContents.children) {
    const type = bag.child(0).oid();
    const value = bag.child(1).child(0);
    const localKeyId = localKeyIdOf(bag);
    if (type === bagType.safeContents) await collect(value, password, bags);
    else if (type === bagType.shroudedKey)
      bags.keys.push({ key: await openEncryptedPrivateKey(value, password), localKeyId });
    else if (type === bagType.key) bags.keys.push({ key: importPrivateKey(value.der()), localKeyId });
    else if (type === bagType.certificate && value.child(0).oid() === x509Certificate)
      bags.certificates.push({ encoded: value.child(1).child(0).octets(), localKeyId });
    // Revocation lists and secrets are of no use here.
  }
}

function localKeyIdOf(bag: Asn1): string | undefined {
  const attributes = bag.children[2]?.children ?? [];
  const attribute = attributes.find((candidate) => candidate.child(0).oid() === localKeyIdAttribute);
  const value = attribute?.child(1).children[0];
  if (attribute !== undefined && value === undefined) throw malformed();
  return value?.octets().toString('hex');
}
