import { Settings } from '@key-connector/settings';
import { type BeforeApplicationShutdown, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** How often it is looked whether all connections are closed, in milliseconds. */
const LOOK_EVERY = 50;

/**
 * The end of the service's life: from the signal on, every answer closes its connection, so that none is open when the
 * server closes; what does not end in time is cut.
 */
@Injectable()
export class Drain implements OnModuleDestroy, BeforeApplicationShutdown {
  /** Whether the signal has come. */
  draining = false;
  private waits = false;

  constructor(
    private readonly settings: Settings,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  onModuleDestroy(): void {
    this.draining = true;
  }

  beforeApplicationShutdown(signal?: string): void {
    const { drainDelaySeconds, drainTimeoutSeconds } = this.settings.http;
    // Without a delay nobody is in front of the service who would use a connection again.
    this.waits = signal === 'SIGTERM' && drainDelaySeconds > 0;
    setTimeout(
      () => {
        this.server.closeAllConnections();
      },
      (drainDelaySeconds + drainTimeoutSeconds) * 1000,
    ).unref();
  }

  /**
   * Waits, before the server closes, until the connections that are open were used once more and closed with that
   * answer. A server that closes an idle one may do so while the next request is on its way, and that request is lost:
   * a proxy does not send a POST twice. At most `drainTimeoutSeconds`.
   */
  readonly connectionsUsed = async (): Promise<void> => {
    const until = performance.now() + this.settings.http.drainTimeoutSeconds * 1000;
    const open = promisify(this.server.getConnections.bind(this.server));
    while (this.waits && performance.now() < until && (await open()) > 0) await sleep(LOOK_EVERY);
  };

  private get server(): Server {
    return this.adapterHost.httpAdapter.getHttpServer() as Server;
  }
}
