import { integer, text } from '@key-connector/common';
import { z } from 'zod';

import { basePath, origins, trustedProxies } from './http.fields.js';

const seconds = (description: string, bounds: { min: number; max: number }) =>
  integer(`${description}, in seconds.`, bounds);

/** `http__*`: how the service listens, whom it lets in, and how long it waits. */
export const httpSettingsSchema = z
  .strictObject({
    host: text('Address to listen on.').default('0.0.0.0'),
    port: integer('Port to listen on; 0 takes any free one.', { min: 0, max: 65_535 }).default(5000),
    basePath: basePath('Path in front of every route, such as `/key-connector`.').default(''),
    tlsCertificatePath: text(
      'PEM file with the certificate and its chain; given with `http__tlsKeyPath`, the service speaks HTTPS.',
    ).optional(),
    tlsKeyPath: text('PEM file with the private key of `http__tlsCertificatePath`.').optional(),
    trustProxy: trustedProxies(
      'Whose `X-Forwarded-*` headers are believed: `true` (anyone), `false` (no one), or the addresses and CIDR ranges of the proxies, separated by commas.',
    ).default(false),
    allowedOrigins: origins(
      'Further origins that browsers may call from, beside the web vault and the desktop app.',
    ).default([]),
    requestTimeoutSeconds: seconds('Limit for receiving a whole request', { min: 1, max: 300 }).default(10),
    headersTimeoutSeconds: seconds('Limit for receiving the headers', { min: 1, max: 300 }).default(5),
    keepAliveTimeoutSeconds: seconds('How long an idle connection stays open', { min: 1, max: 3600 }).default(65),
    maxConnections: integer('Connections held at once; more are refused.', { min: 1, max: 1_000_000 }).default(10_000),
    drainDelaySeconds: seconds(
      'At shutdown, how long requests are still taken while load balancers learn that this replica is not ready',
      { min: 0, max: 300 },
    ).default(5),
    drainTimeoutSeconds: seconds('At shutdown, how long running requests may take to end', {
      min: 0,
      max: 300,
    }).default(20),
  })
  .superRefine((http, context) => {
    const together = (given: unknown, missing: unknown, path: string, other: string): void => {
      if (given !== undefined && missing === undefined) {
        context.addIssue({ code: 'custom', path: [path], message: `is required, because http__${other} is given` });
      }
    };
    together(http.tlsCertificatePath, http.tlsKeyPath, 'tlsKeyPath', 'tlsCertificatePath');
    together(http.tlsKeyPath, http.tlsCertificatePath, 'tlsCertificatePath', 'tlsKeyPath');
    if (http.headersTimeoutSeconds > http.requestTimeoutSeconds) {
      context.addIssue({
        code: 'custom',
        path: ['headersTimeoutSeconds'],
        message: 'must not be more than http__requestTimeoutSeconds',
      });
    }
  });

/** `http__*` as the schema gives it. */
export type HttpSettings = z.output<typeof httpSettingsSchema>;
