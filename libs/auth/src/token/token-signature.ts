import { type KeyObject, verify } from 'node:crypto';
import { Strategy } from 'passport-jwt';
import { TokenInvalid } from '../auth.errors.js';

type Done = (error: unknown, claimsText?: string) => void;

/**
 * Verifies the RS256 signature of a token in compact form (RFC 7515, section 5.2; RFC 7518, section 3.3) on the thread
 * pool, and gives the text of its claims.
 *
 * The RSA operation is the longest step of a read: on the event loop every other request would wait for it.
 */
function verifySignature(token: string, key: KeyObject, done: Done): void {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  // Base64url and dots: every character is one byte.
  verify('sha256', Buffer.from(token.slice(0, end), 'latin1'), key, signature, (error, good) => {
    if (error !== null) done(error);
    else if (good) done(null, Buffer.from(token.slice(token.indexOf('.') + 1, end), 'base64url').toString());
    else done(new TokenInvalid('signature'));
  });
}

/**
 * passport-jwt's place for another verifier, for the whole process; its types leave it out. The one that it brings along,
 * jsonwebtoken, has no way to verify off the event loop.
 */
export function verifyOnThreadPool(): void {
  const verifier = (token: string, key: KeyObject, _options: unknown, done: Done): void => {
    verifySignature(token, key, done);
  };
  (Strategy as unknown as { JwtVerifier: typeof verifier }).JwtVerifier = verifier;
}
