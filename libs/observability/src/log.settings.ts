import { choice, flag } from '@key-connector/common';
import { z } from 'zod';

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What is logged; the log is JSON lines on standard output. */
export const logSettingsSchema = z.strictObject({
  level: choice('Least severe level that is logged.', levels).default('info'),
  requests: flag(
    'Write one line for each request that was answered, except probes: `/health`, `/alive`, `/now`.',
  ).default(true),
});

export type LogSettings = z.output<typeof logSettingsSchema>;
