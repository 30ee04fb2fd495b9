/** The byte-order mark of UTF-16 in little-endian, which PowerShell's `>` and Windows' editor write. */
const utf16 = Buffer.from('fffe', 'hex');

/**
 * The bytes of a text in UTF-8, where it is UTF-16 by its byte-order mark; else the same bytes. The caller wipes both
 * if they are secret.
 */
export const utf8Of = (bytes: Buffer): Buffer =>
  bytes.subarray(0, utf16.length).equals(utf16) ? Buffer.from(bytes.toString('utf16le'), 'utf8') : bytes;
