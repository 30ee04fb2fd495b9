import { everyAddress, integer, list, listenAddress, text } from '@key-connector/common';
import { z } from 'zod';

const path = /^\/?([\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*\/?)?$/;

/** A path prefix, given with or without its outer slashes: `/a/b`, or nothing for `/`. */
const basePath = (description: string): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> =>
  z
    .string({ error: 'must be text' })
    .trim()
    .regex(path, { error: 'must be a path such as /key-connector' })
    .transform((given) => given.replace(/^\/?/, '/').replace(/\/$/, ''))
    .meta({ description });

const origin = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#*@]+$/i;

/** Web origins: scheme, host and port, and nothing behind them (RFC 6454), as browsers write them. */
const origins = (description: string): z.ZodType<string[]> =>
  list(description)
    .refine((entries) => entries.every((entry) => origin.test(entry) && URL.canParse(entry)), {
      error: 'must hold origins such as https://vault.example, without a path or a *',
    })
    .transform((entries) => entries.map(serialised))
    .meta({ description });

/** In lower case and without the scheme's own port (RFC 6454, section 6.1); schemes of apps have no such form. */
function serialised(entry: string): string {
  const { origin: written } = new URL(entry);
  return written === 'null' ? entry : written;
}

const addresses = z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]));

const words: Readonly<Record<string, boolean>> = { true: true, false: false };

/** `true`, `false`, or the addresses of the proxies that are trusted. */
const trustedProxies = (description: string): z.ZodPreprocess<z.ZodUnion<readonly [z.ZodBoolean, typeof addresses]>> =>
  z
    .preprocess(
      (value) => {
        const entries = typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value;
        const word = Array.isArray(entries) && entries.length === 1 ? String(entries[0]) : '';
        return words[word.toLowerCase()] ?? entries;
      },
      z.union([z.boolean(), addresses], { error: 'must be true, false, or addresses and CIDR ranges of proxies' }),
    )
    .meta({ description });

const seconds = (description: string, bounds: { min: number; max: number }) =>
  integer(`${description}, in seconds.`, bounds);

/** `http__*`: how the service listens, whom it lets in, and how long it waits. */
export const httpSettingsSchema = z
  .strictObject({
    host: listenAddress(
      'Address to listen on; `*` or `+`: every address of the machine, of IPv6 and of IPv4. `::` is both too; `0.0.0.0` is IPv4 alone.',
    ).default(everyAddress),
    port: integer('Port to listen on; 0 takes any free one.', { min: 0, max: 65_535 }).default(5000),
    basePath: basePath('Path in front of every route, such as `/key-connector`.').default(''),
    tlsCertificatePath: text(
      'PEM file with the certificate and its chain; given with `http__tlsKeyPath`, the service speaks HTTPS.',
    ).optional(),
    tlsKeyPath: text('PEM file with the private key of `http__tlsCertificatePath`.').optional(),
    tlsClientCaPath: text(
      'File (PEM or DER), or folder of such files, with the authorities of clients: given, every connection must show a certificate that one of them signed, such as that of the proxy in front. Probes have none, so it needs `metrics__port`.',
    ).optional(),
    trustProxy: trustedProxies(
      'Whose `X-Forwarded-For` and `X-Request-Id` headers are believed: `true` (anyone), `false` (no one), or the addresses and CIDR ranges of the proxies, separated by commas.',
    ).default(false),
    allowedOrigins: origins(
      'Further origins that browsers may call from, beside the web vault and the desktop app.',
    ).default([]),
    requestTimeoutSeconds: seconds('Limit for receiving a whole request', { min: 1, max: 300 }).default(10),
    headersTimeoutSeconds: seconds('Limit for receiving the headers', { min: 1, max: 300 }).default(5),
    keepAliveTimeoutSeconds: seconds('How long an idle connection stays open', { min: 1, max: 3600 }).default(65),
    maxConnections: integer('Connections held at once; more are refused.', { min: 1, max: 1_000_000 }).default(10_000),
    longestWaitSeconds: seconds(
      'How long a request may have to wait behind those that came before it; one that would wait longer is answered 503 at once',
      { min: 1, max: 300 },
    ).default(3),
    readinessGraceSeconds: seconds(
      'How long a database that was there may be away before `/health/ready` says so. All replicas share it: leaving the load balancer at once, they would take the service away for as long as a failover, and no other replica could do better',
      { min: 0, max: 3600 },
    ).default(60),
    drainDelaySeconds: seconds(
      'At shutdown, how long requests are still taken while load balancers learn that this replica is not ready',
      { min: 0, max: 300 },
    ).default(5),
    drainTimeoutSeconds: seconds(
      'At shutdown, how long running requests may take to end, and idle connections to be used once more',
      { min: 0, max: 300 },
    ).default(20),
  })
  .superRefine((http, context) => {
    const together = (given: unknown, missing: unknown, path: string, other: string): void => {
      if (given !== undefined && missing === undefined) {
        context.addIssue({ code: 'custom', path: [path], message: `is required, because http__${other} is given` });
      }
    };
    together(http.tlsCertificatePath, http.tlsKeyPath, 'tlsKeyPath', 'tlsCertificatePath');
    together(http.tlsKeyPath, http.tlsCertificatePath, 'tlsCertificatePath', 'tlsKeyPath');
    together(http.tlsClientCaPath, http.tlsCertificatePath, 'tlsCertificatePath', 'tlsClientCaPath');
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
