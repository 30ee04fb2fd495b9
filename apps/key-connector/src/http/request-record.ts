import { tokenFaultOf } from '@key-connector/auth';
import type { UserId } from '@key-connector/common';
import { type AuditedConfig, type AuditEvent, AuditLog, AuditUnavailable, Metrics } from '@key-connector/observability';
import { Settings } from '@key-connector/settings';
import { Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Drain } from './drain.js';
import { codeOf } from './problem.js';
import { TrustedProxies } from './trusted-proxies.js';

/** What monitors ask every few seconds; its answers are in the metrics. */
export const probes = /^\/(health|alive|now)\b/;

/** Methods that have series of their own: anybody can make up others. */
const measured: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']);

/** A request with what guard and filter have found out about it. */
export type RecordedRequest = FastifyRequest & {
  readonly user?: { readonly id: UserId };
  /** What the filter answered with a problem document. */
  failure?: unknown;
};

/**
 * The end of every request, in one place: its last headers and its audit line before the answer, then its measurement
 * and its line.
 */
@Injectable()
export class RequestRecord {
  private readonly logger = new Logger('Request');
  private readonly enabled: boolean;
  private readonly proxies: TrustedProxies;
  private readonly duration;
  private readonly tokenRefusals;

  constructor(
    settings: Settings,
    metrics: Metrics,
    private readonly audit: AuditLog,
    private readonly drain: Drain,
  ) {
    this.enabled = settings.log.requests;
    this.proxies = new TrustedProxies(settings.http.trustProxy);
    this.duration = metrics.histogram({
      name: 'key_connector_http_request_duration_seconds',
      help: 'Time from the request line to the end of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    });
    this.tokenRefusals = metrics.counter({
      name: 'key_connector_token_refusals_total',
      help: 'Requests refused for their access token, by reason.',
      labelNames: ['reason'],
    });
  }

  /**
   * Fastify's `onSend` hook: what was done to a key is recorded before it is acknowledged, also to a client that is
   * gone.
   */
  readonly onSend = (request: RecordedRequest, reply: FastifyReply, payload: unknown, done: Done): void => {
    reply.header('cache-control', 'no-store');
    if (this.drain.draining) reply.header('connection', 'close');
    const event = this.eventOf(request, reply.statusCode);
    if (event !== undefined) this.audit.record(event);
    done(null, payload);
  };

  /** Fastify's `onResponse` hook. */
  readonly onResponse = (request: RecordedRequest, reply: FastifyReply, done: () => void): void => {
    const milliseconds = reply.elapsedTime;
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    const method = measured.has(request.method) ? request.method : 'other';
    this.duration.observe({ method, route, status }, milliseconds / 1000);
    if (this.enabled && !probes.test(route)) {
      this.logger.log({
        msg: 'request',
        requestId: request.id,
        method: request.method,
        route,
        status,
        ms: Math.round(milliseconds * 100) / 100,
        ip: this.proxies.clientOf(request.raw),
        userId: request.user?.id,
      });
    }
    done();
  };

  /** What the audit log says of a request: nothing of a read that succeeds, or that fails by no fault of its own. */
  private eventOf(request: RecordedRequest, status: number): AuditEvent | undefined {
    const { id: requestId, failure, method, user } = request;
    if (status < 400 && (method === 'GET' || method === 'HEAD')) return undefined;
    const { audited } = request.routeOptions.config as AuditedConfig;
    if (audited !== undefined && user !== undefined) {
      const who = { event: audited, userId: user.id, requestId };
      if (status < 400) return { ...who, outcome: 'done' };
      // Without a place for its line the write was not begun.
      const refused = status < 500 || failure instanceof AuditUnavailable;
      return { ...who, outcome: refused ? 'refused' : 'failed', reason: codeOf(failure) };
    }
    const fault = tokenFaultOf(failure);
    if (fault !== undefined) {
      this.tokenRefusals.inc({ reason: fault.reason });
      return { event: 'token', outcome: 'refused', requestId, ...fault };
    }
    if (status < 400 || status >= 500) return undefined;
    return {
      event: 'request',
      outcome: 'refused',
      reason: codeOf(failure),
      requestId,
      ...(user && { userId: user.id }),
    };
  }
}

type Done = (error: Error | null, payload?: unknown) => void;
