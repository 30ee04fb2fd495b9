import { z } from 'zod';
import { UserKeyInvalid } from './user-keys.errors.js';

/** What GET answers. */
export interface UserKeyBody {
  /** 32 bytes in standard base64 with padding; exactly this name, in lower case. */
  readonly key: string;
}

/**
 * Base64 (RFC 4648, section 4) of exactly 32 bytes: 43 characters and one pad. The last character carries four bits, so
 * only every fourth letter of the alphabet can stand there: one key has one spelling.
 */
const base64Of32Bytes = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

const rule = 'must be exactly 32 bytes in standard base64 with padding (44 characters)';
const key = z.string({ error: 'must be text' }).regex(base64Of32Bytes, { error: rule }).optional();

const body = z
  .looseObject({ key, Key: key }, { error: 'The body must be a JSON object {"key":"…"}.' })
  .refine((given) => !Object.hasOwn(given, 'constructor'), { error: 'The body must not hold "constructor".' })
  .refine((given) => (given.key === undefined) !== (given.Key === undefined), {
    error: 'The body must hold "key" once.',
  });

/**
 * Reads the body of POST and PUT, `{"key":"…"}` or `{"Key":"…"}`; other members are ignored. The caller wipes the
 * bytes.
 *
 * @throws UserKeyInvalid naming the rule, never the value.
 */
export function parseUserKey(given: unknown): Buffer {
  // zod would leave it out.
  if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__')) {
    throw new UserKeyInvalid('The body must not hold "__proto__".');
  }
  const result = body.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path[0];
    const message = issue?.message ?? 'The body is not valid.';
    throw new UserKeyInvalid(field === undefined ? message : `"${String(field)}" ${message}.`);
  }
  return Buffer.from(result.data.key ?? result.data.Key ?? '', 'base64');
}
