import { type Settings } from '@key-connector/settings';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { corsOptions } from './http/cors.js';
import { fastifyOptions } from './http/fastify-options.js';
import { RequestRecord } from './http/request-record.js';
import { readTlsIdentity } from './http/tls-identity.js';
import { requireWellFormed } from './http/well-formed.hook.js';

/** The service, wired but not listening. */
export async function createApp(settings: Settings, logger: LoggerService): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(settings),
    new FastifyAdapter(fastifyOptions(settings.http, await readTlsIdentity(settings.http))),
    { logger, bodyParser: false, abortOnError: false },
  );
  const fastify = app.getHttpAdapter().getInstance();
  // A body is JSON, and read as JSON where it is used: behind the guard, so not for everybody. All else is 415.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  fastify.addHook('onRequest', requireWellFormed);
  const record = app.get(RequestRecord);
  fastify.addHook('onSend', record.onSend);
  fastify.addHook('onResponse', record.onResponse);
  app.enableCors(corsOptions(settings));
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  return app;
}
