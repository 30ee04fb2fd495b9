import { integer, text } from '@key-connector/common';
import { z } from 'zod';

/** Where Prometheus metrics are served: on a port of their own, never on the members' port. */
export const metricsSettingsSchema = z.strictObject({
  host: text('Address that the metrics port listens on.').default('127.0.0.1'),
  port: integer('Port that serves `GET /metrics`; not served when not given.', { min: 0, max: 65_535 }).optional(),
});

export type MetricsSettings = z.output<typeof metricsSettingsSchema>;
