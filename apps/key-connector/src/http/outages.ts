import type { KeyConnectorError } from '@key-connector/common';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';

/** An outage is over when for so long no request has met it, in milliseconds. */
const QUIET = 10_000;

/** Of one code, messages that are told: a driver's may hold a port or a time, and differ without end. */
const MAX_STATES = 10;

interface Outage {
  readonly since: number;
  readonly told: Set<string>;
  last: number;
  requests: number;
}

/**
 * Tells of dependencies that requests find missing: a line when it begins, one for each other cause while it lasts, and
 * one with the number of requests when it is over. Each request has its own line, with status 503, in the request log.
 */
@Injectable()
export class Outages implements OnApplicationShutdown {
  private readonly logger = new Logger('Http');
  private readonly running = new Map<string, Outage>();
  private timer: NodeJS.Timeout | undefined;

  /** Notes that a request was answered 503 because of this error. */
  met({ code, message }: KeyConnectorError, requestId: string): void {
    const now = performance.now();
    const outage = this.running.get(code) ?? { since: now, told: new Set(), last: now, requests: 0 };
    this.running.set(code, outage);
    outage.last = now;
    outage.requests += 1;
    if (!outage.told.has(message) && outage.told.size < MAX_STATES) {
      outage.told.add(message);
      this.logger.warn({ msg: message, code, requestId });
    }
    this.timer ??= setInterval(() => {
      this.endThoseOver(QUIET);
    }, QUIET / 10).unref();
  }

  onApplicationShutdown(): void {
    this.endThoseOver(0);
  }

  private endThoseOver(quiet: number): void {
    for (const [code, { since, last, requests }] of this.running) {
      if (performance.now() - last < quiet) continue;
      this.running.delete(code);
      const seconds = Math.round((last - since) / 1000);
      this.logger.warn({ msg: 'requests were answered 503', code, requests, seconds });
    }
    if (this.running.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
