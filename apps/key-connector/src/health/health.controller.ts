import { Controller, Get, Res, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { Readiness } from './readiness.js';

/** `/health` for existing monitors, `/health/live` and `/health/ready` for Kubernetes probes. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly readiness: Readiness,
  ) {}

  @Get()
  async overall(@Res() reply: FastifyReply): Promise<void> {
    const { status } = await this.check();
    const healthy = status === 'ok';
    await reply
      .status(healthy ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(healthy ? 'Healthy' : 'Unhealthy');
  }

  /** The process runs; a dependency that is down never ends it. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const result = await this.check();
    await reply.status(result.status === 'ok' ? 200 : 503).send(result);
  }

  private async check(): Promise<HealthCheckResult> {
    try {
      return await this.health.check(this.readiness.indicators());
    } catch (error) {
      // Terminus throws its result when something is down.
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }
}
