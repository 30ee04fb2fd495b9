import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { parseArgs } from 'node:util';
import { DemoIssuerModule } from './demo-issuer.module.js';

const { values } = parseArgs({ options: { port: { type: 'string' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('Usage: demo-issuer --port <number>');

const uri = `http://127.0.0.1:${port}`;
const app = await NestFactory.create<NestFastifyApplication>(DemoIssuerModule.at(uri), new FastifyAdapter(), {
  logger: ['error', 'fatal'],
});
app.enableShutdownHooks();
// Loopback only, and no setting to change that: whoever reaches this issuer can be anybody.
await app.listen(port, '127.0.0.1');
