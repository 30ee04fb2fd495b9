import { Settings } from '@key-connector/settings';
import { type BeforeApplicationShutdown, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';

/**
 * The end of the service's life: from the signal on, every answer closes its connection, so that none is open when the
 * server closes; what does not end in time is cut.
 */
@Injectable()
export class Drain implements OnModuleDestroy, BeforeApplicationShutdown {
  /** Whether the signal has come. */
  draining = false;

  constructor(
    private readonly settings: Settings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  onModuleDestroy(): void {
    this.draining = true;
  }

  beforeApplicationShutdown(): void {
    const { drainDelaySeconds, drainTimeoutSeconds } = this.settings.http;
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    setTimeout(
      () => {
        server.closeAllConnections();
      },
      (drainDelaySeconds + drainTimeoutSeconds) * 1000,
    ).unref();
  }
}
