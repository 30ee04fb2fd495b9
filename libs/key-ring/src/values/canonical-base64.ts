import { OpeningFailure } from './opening-failure.js';

/** Decodes text that must be exactly what encoding its bytes gives: Node's decoder passes over whatever is foreign. */
export function decodeCanonical(text: string, encoding: 'base64' | 'base64url'): Buffer {
  const bytes = Buffer.from(text, encoding);
  if (bytes.toString(encoding) !== text) throw new OpeningFailure('malformed');
  return bytes;
}
