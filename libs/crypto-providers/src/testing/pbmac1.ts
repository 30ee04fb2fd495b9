import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

const { Class, Type, create, fromDer, oidToDer, toDer } = forge.asn1;
const node = (type: forge.asn1.Type, value: forge.asn1.Asn1[] | string): forge.asn1.Asn1 =>
  create(Class.UNIVERSAL, type, Array.isArray(value), value);
const sequence = (...of: forge.asn1.Asn1[]): forge.asn1.Asn1 => node(Type.SEQUENCE, of);
const oid = (dotted: string): forge.asn1.Asn1 => node(Type.OID, oidToDer(dotted).getBytes());
const octets = (bytes: Buffer): forge.asn1.Asn1 => node(Type.OCTETSTRING, bytes.toString('latin1'));
const integer = (value: number): forge.asn1.Asn1 => node(Type.INTEGER, forge.asn1.integerToDer(value).getBytes());

const hmacOids = { sha256: '1.2.840.113549.2.9', sha512: '1.2.840.113549.2.11' };

/** How the MAC is made; `keyLength` undefined leaves it out, which RFC 9579 forbids. */
export interface Pbmac1Options {
  readonly prf: keyof typeof hmacOids;
  readonly hmac: keyof typeof hmacOids;
  readonly keyLength: number | undefined;
}

/**
 * Gives a PKCS#12 file without MAC a PBMAC1 (RFC 9579), as OpenSSL 3.4 and later do; written here because the openssl
 * programs of today's distributions do not have it yet.
 */
export function withPbmac1(pfx: Buffer, password: string, { prf, hmac, keyLength }: Pbmac1Options): Buffer {
  const [version, authSafe] = childrenOf(fromDer(pfx.toString('latin1')));
  if (version === undefined || authSafe === undefined) throw new Error('no PKCS#12');
  const contents = childrenOf(childrenOf(authSafe)[1])[0]?.value;
  if (typeof contents !== 'string') throw new Error('no contents in one piece');
  const salt = randomBytes(16);
  const key = pbkdf2Sync(password, salt, 2048, keyLength ?? 32, prf);
  const mac = createHmac(hmac, key).update(Buffer.from(contents, 'latin1')).digest();
  const pbkdf2 = sequence(
    octets(salt),
    integer(2048),
    ...(keyLength === undefined ? [] : [integer(keyLength)]),
    sequence(oid(hmacOids[prf]), node(Type.NULL, '')),
  );
  const pbmac1 = sequence(
    sequence(oid('1.2.840.113549.1.5.12'), pbkdf2),
    sequence(oid(hmacOids[hmac]), node(Type.NULL, '')),
  );
  const digestInfo = sequence(sequence(oid('1.2.840.113549.1.5.14'), pbmac1), octets(mac));
  const macData = sequence(digestInfo, octets(randomBytes(8)), integer(1));
  return Buffer.from(toDer(sequence(version, authSafe, macData)).getBytes(), 'latin1');
}

function childrenOf(parent: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] {
  if (parent === undefined || typeof parent.value === 'string') throw new Error('no children');
  return parent.value;
}
