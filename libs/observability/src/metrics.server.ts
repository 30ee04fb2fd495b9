import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { assertNameIsOurs, hostToListenOn, listenFailure } from '@key-connector/common';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { MetricsSettings } from './metrics.settings.js';
import { METRICS_SETTINGS } from './observability.module-definition.js';
import { Metrics } from './metrics.js';

/** An answer of the metrics port. */
export interface InsideAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Serves `GET /metrics`, and what other rooms add, on a port of its own when settings name one. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private server: Server | undefined;
  private readonly routes = new Map<string, () => Promise<InsideAnswer>>();

  constructor(
    private readonly metrics: Metrics,
    @Inject(METRICS_SETTINGS) private readonly settings: MetricsSettings,
  ) {
    const { registry } = metrics;
    this.serve('/metrics', async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }));
  }

  /**
   * Adds a path, before the application starts: an answer that must be had inside when the members' port is full.
   *
   * @example
   * server.serve('/health/live', async () => ({ status: 200, type: 'application/json', body: '{}' }));
   */
  serve(path: string, answer: () => Promise<InsideAnswer>): void {
    this.routes.set(path, answer);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { host, port } = this.settings;
    if (port === undefined) return;
    this.metrics.collectProcess();
    this.server = createServer((request, response) => {
      const answer = this.routes.get(request.url ?? '');
      if (answer === undefined) {
        response.writeHead(404).end();
        return;
      }
      void answer().then(
        ({ status, type, body }) =>
          response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
        () => response.writeHead(500).end(),
      );
    });
    this.server.listen(port, hostToListenOn(host));
    const place = { branch: 'metrics', host, port } as const;
    try {
      await once(this.server, 'listening');
      await assertNameIsOurs(place, [this.server.address() ?? []].flat());
    } catch (error) {
      throw listenFailure(error, place);
    }
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}
