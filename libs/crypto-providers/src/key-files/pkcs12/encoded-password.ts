/** A password in the two encodings that PKCS#12 mixes. */
export interface EncodedPassword {
  /** For the key derivation of PKCS#12 itself (RFC 7292, appendix B.1): UTF-16BE with a closing zero. */
  readonly bmp: Buffer;
  /** For PBKDF2 (RFC 8018, and RFC 9579 for the MAC). */
  readonly utf8: Buffer;
}

/** Encodes a password. */
export function encodePassword(password: string): EncodedPassword {
  return { bmp: Buffer.from(`${password}\0`, 'utf16le').swap16(), utf8: Buffer.from(password, 'utf8') };
}

/** The encodings to try: programs disagree on whether an empty password still has its closing zero. */
export function passwordCandidates(password: string): EncodedPassword[] {
  const encoded = encodePassword(password);
  return password === '' ? [encoded, { ...encoded, bmp: Buffer.alloc(0) }] : [encoded];
}
