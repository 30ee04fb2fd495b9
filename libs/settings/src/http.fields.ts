import { list } from '@key-connector/common';
import { z } from 'zod';

const path = /^\/?([\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*\/?)?$/;

/** A path prefix, given with or without its outer slashes: `/a/b`, or nothing for `/`. */
export const basePath = (description: string): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> =>
  z
    .string({ error: 'must be text' })
    .trim()
    .regex(path, { error: 'must be a path such as /key-connector' })
    .transform((given) => given.replace(/^\/?/, '/').replace(/\/$/, ''))
    .meta({ description });

const origin = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#*@]+$/i;

/** Web origins: scheme, host and port, and nothing behind them (RFC 6454). */
export const origins = (description: string): ReturnType<typeof list> =>
  list(description).refine((entries) => entries.every((entry) => origin.test(entry)), {
    error: 'must hold origins such as https://vault.example, without a path or a *',
  });

const addresses = z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]));

const words: Readonly<Record<string, boolean>> = { true: true, false: false };

/** `true`, `false`, or the addresses of the proxies that are trusted: what Fastify's `trustProxy` takes. */
export const trustedProxies = (
  description: string,
): z.ZodPreprocess<z.ZodUnion<readonly [z.ZodBoolean, typeof addresses]>> =>
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
