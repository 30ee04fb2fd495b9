/**
 * Writes DER anew as Windows and NSS do: SEQUENCEs and the like with indefinite lengths, long OCTET STRINGs in pieces
 * (X.690, sections 8.1.3.6 and 8.7).
 */
export function withIndefiniteLengths(der: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < der.length;) {
    const tag = der[at] ?? 0;
    const { length, start } = lengthAt(der, at + 1);
    const content = der.subarray(start, start + length);
    parts.push(rewritten(tag, content, der.subarray(at, start + length)));
    at = start + length;
  }
  return Buffer.concat(parts);
}

const octetString = 0x04;
const constructed = 0x20;
const pieceLength = 100;
const end = Buffer.alloc(2);

function rewritten(tag: number, content: Buffer, whole: Buffer): Buffer {
  const open = Buffer.from([tag | constructed, 0x80]);
  if ((tag & constructed) !== 0) return Buffer.concat([open, withIndefiniteLengths(content), end]);
  if (tag !== octetString || content.length <= pieceLength) return whole;
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += pieceLength) {
    const piece = content.subarray(at, at + pieceLength);
    pieces.push(Buffer.from([octetString, piece.length]), piece);
  }
  return Buffer.concat([open, ...pieces, end]);
}

function lengthAt(der: Buffer, at: number): { readonly length: number; readonly start: number } {
  const first = der[at] ?? 0;
  if (first < 0x80) return { length: first, start: at + 1 };
  const bytes = first & 0x7f;
  return { length: der.readUIntBE(at + 1, bytes), start: at + 1 + bytes };
}
