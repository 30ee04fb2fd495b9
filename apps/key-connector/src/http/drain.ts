import { Settings } from '@key-connector/settings';
import { type BeforeApplicationShutdown, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The end of the service's life: from the signal on, every answer closes its connection, so that none is open when the
 * server closes; what does not end in time is cut.
 */
@Injectable()
export class Drain implements OnModuleDestroy, BeforeApplicationShutdown {
  private draining = false;

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

  /** Fastify's `onSend` hook. */
  readonly onSend = (_request: FastifyRequest, reply: FastifyReply, payload: unknown, done: DoneWithPayload): void => {
    if (this.draining) reply.header('connection', 'close');
    done(null, payload);
  };
}

type DoneWithPayload = (error: Error | null, payload?: unknown) => void;
