import { Metrics } from '@key-connector/observability';
import { Settings } from '@key-connector/settings';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Overloaded } from './http.errors.js';
import { probes, type RecordedRequest } from './request-record.js';
import { WaitingLine } from './waiting-line.js';

/** Refuses, before anything is done for it, a request that would wait too long behind those that came before it. */
@Injectable()
export class Admission {
  private readonly line = new WaitingLine();
  private readonly longestWait: number;
  private longest = 0;

  constructor(settings: Settings, metrics: Metrics) {
    this.longestWait = settings.http.longestWaitSeconds * 1000;
    const waiting = metrics.gauge({
      name: 'key_connector_requests_waiting',
      help: 'Requests that wait for their answers, but for those that later ones have overtaken.',
      collect: () => {
        waiting.set(this.line.length);
      },
    });
    const longest = metrics.gauge({
      name: 'key_connector_requests_waiting_most',
      help: 'The most that have waited at a time since the start.',
      collect: () => {
        longest.set(this.longest);
      },
    });
  }

  /** Fastify's `onRequest` hook. Probes are always let in. */
  readonly admit = (request: RecordedRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    if (probes.test(request.routeOptions.url ?? '')) {
      done();
      return;
    }
    const { line } = this;
    if (line.wait > this.longestWait) {
      done(new Overloaded(line.wait));
      return;
    }
    const number = line.enter();
    this.longest = Math.max(this.longest, line.length);
    // It comes after every answer, and when the client goes away without one.
    reply.raw.on('close', () => {
      const served = request.user !== undefined && reply.statusCode < 500 && reply.raw.writableFinished;
      line.leave(number, served, performance.now());
    });
    done();
  };
}
