import { MetricsServer } from '@key-connector/observability';
import { Controller, Get, type OnModuleInit, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult, type HealthIndicatorFunction } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Readiness } from './readiness.js';

/**
 * `/health` for existing monitors: whether requests succeed now. `/health/live` and `/health/ready` for Kubernetes
 * probes. The probes' are served on the metrics port too: connections that fill the members' port cannot make a probe
 * fail there.
 */
@Controller('health')
export class HealthController implements OnModuleInit {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
    private readonly inside: MetricsServer,
  ) {}

  onModuleInit(): void {
    const type = 'application/json; charset=utf-8';
    this.inside.serve('/health/live', () => Promise.resolve({ status: 200, type, body: JSON.stringify(this.live()) }));
    this.inside.serve('/health/ready', async () => {
      const result = await this.check(this.readiness.forBalancers());
      return { status: statusOf(result), type, body: JSON.stringify(result) };
    });
  }

  @Get()
  async overall(@Res() reply: FastifyReply): Promise<void> {
    const status = statusOf(await this.check(this.readiness.now()));
    await reply
      .status(status)
      .type('text/plain; charset=utf-8')
      .send(status === 200 ? 'Healthy' : 'Unhealthy');
  }

  /** The process runs; a dependency that is down never ends it. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const result = await this.check(this.readiness.forBalancers());
    await reply.status(statusOf(result)).send(result);
  }

  private async check(indicators: HealthIndicatorFunction[]): Promise<HealthCheckResult> {
    try {
      return await this.health.check(indicators);
    } catch (error) {
      // Terminus throws its result when something is down.
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }
}

const statusOf = ({ status }: HealthCheckResult): number => (status === 'ok' ? 200 : 503);
