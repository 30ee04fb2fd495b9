import { type Settings } from '@key-connector/settings';
import { takeJsonAsBytes } from '@key-connector/user-keys';
import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { Admission } from './http/admission.hook.js';
import { corsOptions } from './http/cors.js';
import { Drain } from './http/drain.js';
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
  takeJsonAsBytes(app);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', requireWellFormed);
  fastify.addHook('onRequest', app.get(Admission).admit);
  const record = app.get(RequestRecord);
  fastify.addHook('onSend', record.onSend);
  fastify.addHook('onResponse', record.onResponse);
  fastify.addHook('preClose', app.get(Drain).connectionsUsed);
  app.enableCors(corsOptions(settings));
  app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
  return app;
}
