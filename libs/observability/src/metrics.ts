import { Injectable } from '@nestjs/common';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
} from 'prom-client';
import { standardOutput } from './log-output.js';

/** The service's one registry of Prometheus metrics; asking for a name again gives the same metric. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  /** Adds the process' own metrics (memory, event-loop delay, garbage collection, the log). */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry, prefix: 'key_connector_' });
    const waiting = this.gauge({
      name: 'key_connector_log_waiting_bytes',
      help: 'What of the log waits to be taken; at 8 MB writes of keys are refused.',
      collect: () => {
        waiting.set(standardOutput.waiting);
      },
    });
  }

  counter<T extends string = never>(configuration: CounterConfiguration<T>): Counter<T> {
    return this.once(configuration.name, () => new Counter<T>({ ...configuration, registers: [this.registry] }));
  }

  gauge<T extends string = never>(configuration: GaugeConfiguration<T>): Gauge<T> {
    return this.once(configuration.name, () => new Gauge<T>({ ...configuration, registers: [this.registry] }));
  }

  histogram<T extends string = never>(configuration: HistogramConfiguration<T>): Histogram<T> {
    return this.once(configuration.name, () => new Histogram<T>({ ...configuration, registers: [this.registry] }));
  }

  private once<M>(name: string, create: () => M): M {
    return (this.registry.getSingleMetric(name) as M | undefined) ?? create();
  }
}
