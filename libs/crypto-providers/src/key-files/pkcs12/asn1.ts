import type forge from 'node-forge';
import { UnusableKeyFile } from '../key-file.js';
import { asn1 } from './node-forge-parts.js';

/**
 * One element of a BER or DER encoding.
 *
 * BER, because Windows and NSS write PKCS#12 with indefinite lengths and octet strings in pieces; node-forge's parser
 * takes both and bounds the depth.
 */
export class Asn1 {
  private constructor(private readonly element: forge.asn1.Asn1) {}

  /** Reads bytes that are one element and nothing else. */
  static parse(bytes: Buffer): Asn1 {
    return Asn1.read(bytes, true);
  }

  /** Reads the element that bytes begin with; what stands behind it is ignored. */
  static parseFirst(bytes: Buffer): Asn1 {
    return Asn1.read(bytes, false);
  }

  private static read(bytes: Buffer, parseAllBytes: boolean): Asn1 {
    // Its types know the older form of the options only: a boolean.
    const options = { strict: true, parseAllBytes, decodeBitStrings: true } as unknown as boolean;
    try {
      return new Asn1(asn1.fromDer(bytes.toString('latin1'), options));
    } catch {
      throw malformed();
    }
  }

  get children(): Asn1[] {
    const { value } = this.element;
    if (typeof value === 'string') throw malformed();
    return value.map((element) => new Asn1(element));
  }

  child(index: number): Asn1 {
    const child = this.children[index];
    if (child === undefined) throw malformed();
    return child;
  }

  /** The content of an OCTET STRING, in one piece or in several. */
  octets(): Buffer {
    const { value } = this.element;
    return typeof value === 'string'
      ? Buffer.from(value, 'latin1')
      : Buffer.concat(this.children.map((piece) => piece.octets()));
  }

  oid(): string {
    const { type, value } = this.element;
    if (type !== asn1.Type.OID || typeof value !== 'string') throw malformed();
    return asn1.derToOid(value);
  }

  /** A small non-negative INTEGER: a count or a length. */
  count(): number {
    const bytes = this.octets();
    if (!this.isInteger || bytes.length === 0 || bytes.length > 5 || (bytes[0] ?? 0) > 0x7f) throw malformed();
    return bytes.readUIntBE(0, bytes.length);
  }

  get isInteger(): boolean {
    return this.isUniversal(asn1.Type.INTEGER);
  }

  get isSequence(): boolean {
    return this.isUniversal(asn1.Type.SEQUENCE);
  }

  der(): Buffer {
    return Buffer.from(asn1.toDer(this.element).getBytes(), 'latin1');
  }

  private isUniversal(type: forge.asn1.Type): boolean {
    return this.element.tagClass === asn1.Class.UNIVERSAL && this.element.type === type;
  }
}

/** The structure is not what its standard says. */
export function malformed(): UnusableKeyFile {
  return new UnusableKeyFile('it is neither PKCS#12 nor PEM, or it is damaged');
}
