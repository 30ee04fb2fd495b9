import { z } from 'zod';

/** What a login, and a renewal, answers; `lease_duration` in seconds, 0 for a token that does not end. */
export const authAnswer = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().nonnegative(),
    renewable: z.boolean(),
  }),
});

/** What a token's look-up of itself answers; `ttl` in seconds, 0 for a token that does not end. */
export const lookupAnswer = z.object({ data: z.object({ ttl: z.number().nonnegative(), renewable: z.boolean() }) });

const errorAnswer = z.object({ errors: z.array(z.string()) });

/** Vault's own words about a refusal, in one line, without anything that was sent to it in confidence. */
export function saidBy(body: unknown, hidden: readonly string[]): string {
  const { errors = [] } = errorAnswer.safeParse(body).data ?? {};
  const said = hidden.reduce((text, secret) => text.replaceAll(secret, '***'), errors.join('; '));
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, 300) || 'no reason given';
}
