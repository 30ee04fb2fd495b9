import { integer, listenAddress } from '@key-connector/common';
import { z } from 'zod';

/** Where Prometheus metrics are served: on a port of their own, never on the members' port. */
export const metricsSettingsSchema = z.strictObject({
  host: listenAddress('Address that the metrics port listens on; `*` or `+`: every address of the machine.').default(
    '127.0.0.1',
  ),
  port: integer('Port that serves `GET /metrics`; not served when not given.', { min: 0, max: 65_535 }).optional(),
});

export type MetricsSettings = z.output<typeof metricsSettingsSchema>;
