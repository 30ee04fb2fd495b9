import { Metrics } from '@key-connector/observability';
import { Settings } from '@key-connector/settings';
import { Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What monitors ask every few seconds; its answers are in the metrics. */
const probes = /^\/(health|alive|now)\b/;

type Request = FastifyRequest & { user?: { id?: string } };

/** One line and one measurement for each request that was answered. */
@Injectable()
export class RequestLog {
  private readonly logger = new Logger('Request');
  private readonly enabled: boolean;
  private readonly duration;

  constructor(settings: Settings, metrics: Metrics) {
    this.enabled = settings.log.requests;
    this.duration = metrics.histogram({
      name: 'key_connector_http_request_duration_seconds',
      help: 'Time from the request line to the end of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    });
  }

  /** Fastify's `onResponse` hook. */
  readonly onResponse = (request: Request, reply: FastifyReply, done: () => void): void => {
    const milliseconds = reply.elapsedTime;
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    this.duration.observe({ method: request.method, route, status }, milliseconds / 1000);
    if (this.enabled && !probes.test(route)) {
      this.logger.log({
        msg: 'request',
        requestId: request.id,
        method: request.method,
        route,
        status,
        ms: Math.round(milliseconds * 100) / 100,
        ip: request.ip,
        userId: request.user?.id,
      });
    }
    done();
  };
}
