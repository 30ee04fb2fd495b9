import { type Settings } from '@key-connector/settings';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { refuseContentCoding } from './http/content-coding.hook.js';
import { corsOptions } from './http/cors.options.js';
import { Drain } from './http/drain.js';
import { RequestLog } from './http/request-log.js';
import { requireHost } from './http/require-host.hook.js';
import { serverOptions } from './http/server.options.js';

/** The service, wired but not listening. */
export async function createApp(settings: Settings, logger: LoggerService): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(settings),
    new FastifyAdapter(serverOptions(settings.http)),
    // Fastify's own JSON parser is the only one: what is not JSON is refused with 415.
    { logger, bodyParser: false, abortOnError: false },
  );
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onRequest', requireHost);
  fastify.addHook('onRequest', refuseContentCoding);
  fastify.addHook('onSend', app.get(Drain).onSend);
  fastify.addHook('onResponse', app.get(RequestLog).onResponse);
  fastify.server.headersTimeout = settings.http.headersTimeoutSeconds * 1000;
  fastify.server.maxConnections = settings.http.maxConnections;
  app.enableCors(corsOptions(settings));
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  return app;
}
