import { z } from 'zod';

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/** Data keys cross this connection in the clear, once they are opened. */
const isPrivate = (url: string): boolean => URL.canParse(url) && (url.startsWith('https:') || isLoopback(new URL(url)));

/**
 * `rsaKey__module__*`. Every value arrives as text. `writeOnly` marks what is secret: it is never printed, and
 * `token_FILE` is accepted too.
 */
export const settings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URI' })
    .refine(isPrivate, { error: 'must be https, except on this machine' })
    .describe('The key service.'),
  key: z
    .string()
    .regex(/^[\w-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, _ or -' })
    .describe('The name of the key.'),
  version: z.coerce
    .number({ error: 'must be a whole number' })
    .int({ error: 'must be a whole number' })
    .min(1, { error: 'must be at least 1' })
    .optional()
    .describe('The version of the key; not given: the recorded one, or else the newest.'),
  token: z.string().meta({ writeOnly: true, description: 'The token that the key service asks for.' }),
});

export type KeyServiceSettings = z.output<typeof settings>;

/** Names the key for people. */
export const describeKey = ({ url, key }: KeyServiceSettings): string => `key ${key} of ${url}`;
