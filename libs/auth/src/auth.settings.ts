import { integer, text, uri } from '@key-connector/common';
import { z } from 'zod';

const day = 86_400;

/** Which access tokens are accepted, and how the issuer's keys are fetched. */
export const authSettingsSchema = z
  .strictObject({
    issuer: text(
      'Exact `iss` of access tokens. Taken from the discovery document; needed for a server that has none, and where both are there they must agree.',
    )
      // It is compared and logged as it is.
      .refine((issuer) => !/^https?:\/\/[^/]*@/i.test(issuer), {
        error: 'must hold no user name or password: remove what stands before the @, and change that password',
      })
      .optional(),
    jwksUri: uri('JWKS of a server without discovery; needs `issuer`.').optional(),
    publicKeyPath: text(
      'PEM file with the RSA public key (or certificate) of a server without discovery and JWKS; needs `issuer`.',
    ).optional(),
    audience: text('Value that `aud` must hold; not checked when not given.').optional(),
    tokenType: text('Value that the `typ` header must have, such as `at+jwt`; not checked when not given.').optional(),
    clockSkewSeconds: integer('Allowed difference between our clock and the issuer’s.', { min: 0, max: 300 }).default(
      300,
    ),
    jwksMaxAgeSeconds: integer('Age at which the signing keys are fetched again, in the background.', {
      min: 10,
      max: day,
    }).default(300),
    jwksStaleSeconds: integer('Age up to which signing keys are used while fetching them fails.', {
      min: 10,
      max: 30 * day,
    }).default(day),
    jwksCooldownSeconds: integer(
      'Least time between two fetches that tokens with an unknown `kid` or a wrong signature cause.',
      {
        min: 1,
        max: 3600,
      },
    ).default(5),
    fetchTimeoutSeconds: integer('Deadline for fetching discovery document and JWKS together.', {
      min: 1,
      max: 60,
    }).default(5),
  })
  .check(({ value, issues }) => {
    const problem = (path: keyof typeof value, message: string): void => {
      issues.push({ code: 'custom', path: [path], message, input: value[path] });
    };
    if (value.jwksUri !== undefined && value.publicKeyPath !== undefined) {
      problem('publicKeyPath', 'cannot be given together with jwksUri');
    }
    if ((value.jwksUri ?? value.publicKeyPath) !== undefined && value.issuer === undefined) {
      problem('issuer', 'is needed with jwksUri or publicKeyPath');
    }
    if (value.jwksStaleSeconds < value.jwksMaxAgeSeconds) {
      problem('jwksStaleSeconds', 'must be at least jwksMaxAgeSeconds');
    }
  });

export type AuthSettings = z.output<typeof authSettingsSchema>;

/** The settings of the room, and the root setting it shares with others. */
export type AuthOptions = AuthSettings & { readonly identityServerUri?: string | undefined };
