import { z } from 'zod';
import { Secret } from './secret.js';
import { Uri } from './uri.js';

declare module 'zod' {
  interface GlobalMeta {
    /** The value is never printed, and can be given as `<name>_FILE`. */
    secret?: boolean;
  }
}

/**
 * The fields that the libs' settings schemas are made of. A value is text when it comes from the environment and typed
 * when it comes from YAML; each field takes both. Every field is described: the reference is generated from it.
 */

/** Free text without surrounding blanks. */
export const text = (description: string): z.ZodString =>
  z.string({ error: 'must be text' }).trim().min(1, { error: 'must not be blank' }).meta({ description });

/** Text that is never printed and can be given as `<name>_FILE`. */
export const secret = (description: string): z.ZodPipe<z.ZodString, z.ZodTransform<Secret, string>> =>
  z
    .string({ error: 'must be text' })
    .min(1, { error: 'must not be empty' })
    .transform((given) => new Secret(given))
    .meta({ description, secret: true });

const httpUri = (description: string): z.ZodURL =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URI', abort: true })
    .refine((value) => !mayHoldUser(value), {
      error:
        'must hold no user name or password: remove what stands before the @, and change that password ' +
        '(an @ that belongs to the path or query is written %40)',
      abort: true,
    })
    .meta({ description });

/** In `https://user:12/secret@host` the parser sees a host `user` and a path: so any @ may be the end of a password. */
const mayHoldUser = (value: string): boolean => value.includes('@');

/** An absolute http(s) URI without user name and password; it prints without its query. */
export const uri = (description: string): z.ZodPipe<z.ZodURL, z.ZodTransform<Uri, string>> =>
  httpUri(description)
    .transform((value) => new Uri(value))
    .meta({ description });

/**
 * The http(s) address of a server, which paths are put behind: so it has no query or fragment, no user name and no
 * password.
 */
export const serverUri = (description: string): z.ZodURL =>
  httpUri(description).refine((value) => !/[?#]/.test(value), {
    error: 'must be the address of a server: remove the ? or # and what follows',
    abort: true,
  });

/** As {@link serverUri}, but https; plain http is taken on loopback only, where nobody listens in. */
export const secureUri = (description: string): z.ZodURL =>
  serverUri(description).refine((value) => !isPlainHttp(value), { error: 'must be https (http is for loopback only)' });

const isPlainHttp = (value: string): boolean => {
  const { protocol, hostname } = new URL(value);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
};

/** `true` or `false`, in any case. */
export const flag = (description: string): z.ZodPreprocess<z.ZodBoolean> =>
  z
    .preprocess(
      (value) => {
        const lower = typeof value === 'string' ? value.trim().toLowerCase() : value;
        return lower === 'true' ? true : lower === 'false' ? false : lower;
      },
      z.boolean({ error: 'must be true or false' }),
    )
    .meta({ description });

/** A whole number within bounds; name the unit in the path or the description. */
export const integer = (description: string, bounds: { min: number; max: number }): z.ZodPreprocess<z.ZodInt> =>
  z
    .preprocess(
      (value) => (typeof value === 'string' && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value),
      z
        .int({ error: 'must be a whole number' })
        .min(bounds.min, { error: `must be at least ${bounds.min}` })
        .max(bounds.max, { error: `must be at most ${bounds.max}` }),
    )
    .meta({ description });

/** One of a few words, in any case; `missing` is said besides where it is not given and must be. */
export const choice = <const T extends readonly [string, ...string[]]>(
  description: string,
  values: T,
  missing?: string,
): z.ZodPreprocess<z.ZodEnum<{ [K in T[number]]: K }>> =>
  z
    .preprocess(
      (value) =>
        typeof value === 'string'
          ? (values.find((known) => known.toLowerCase() === value.trim().toLowerCase()) ?? value)
          : value,
      z.enum(values, {
        error: ({ input }) =>
          `must be one of ${values.join(', ')}${input === undefined && missing !== undefined ? `; ${missing}` : ''}`,
      }),
    )
    .meta({ description });

/** Several texts: a YAML sequence, or one text separated by commas. */
export const list = (description: string): z.ZodPreprocess<z.ZodArray<z.ZodString>> =>
  z
    .preprocess(
      (value) =>
        typeof value === 'string'
          ? value
              .split(',')
              .map((entry) => entry.trim())
              .filter(Boolean)
          : value,
      z.array(z.string({ error: 'must be text' }).trim().min(1, { error: 'must not hold a blank entry' }), {
        error: 'must be a list',
      }),
    )
    .meta({ description });
