import http from 'node:http';
import https from 'node:https';
import { isIPv6 } from 'node:net';
import { everyAddress, messageOf } from '@key-connector/common';
import type { Listening } from '@key-connector/settings';
import { z } from 'zod';

/** What a service that runs says of itself. */
export interface Health {
  readonly well: boolean;
  /** One line for a person. */
  readonly said: string;
}

/** A service that cannot answer in this time, in milliseconds, is not well. */
const patience = 3_000;

/** Asks `/health/live` or `/health/ready`, on the metrics port where there is one, as probes should. */
export async function askHealth({ http: members, metrics }: Listening, what: 'live' | 'ready'): Promise<Health> {
  const isTls = metrics.port === undefined && members.tlsCertificatePath !== undefined;
  const { host, port } = metrics.port === undefined ? members : { host: metrics.host, port: metrics.port };
  const url = new URL(`/health/${what}`, `${isTls ? 'https' : 'http'}://${reachable(host)}:${port}`);
  try {
    const { status, body } = await answerOf(url);
    return {
      well: status === 200,
      said: `${what === 'live' ? 'the process answers' : readiness(body)} (${url.href}: ${status})`,
    };
  } catch (error) {
    return { well: false, said: `no answer from ${url.href}: ${messageOf(error)}` };
  }
}

/** An address to ask, for one to listen on: "all of this machine" is no address to ask. */
function reachable(host: string): string {
  if (host === everyAddress || host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
}

function answerOf(url: URL): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    // The certificate is for the service's public name; nothing secret is sent, and nothing that comes is believed but
    // "well".
    const options = { timeout: patience, agent: false, rejectUnauthorized: false };
    const request = client.get(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`nothing came for ${patience / 1000} s`)));
  });
}

/** The part of Terminus' answer that is read here. */
const terminusSchema = z.object({ details: z.record(z.string(), z.object({ status: z.string() })) });

/** `database: down, issuer: up` */
function readiness(body: string): string {
  try {
    const { details } = terminusSchema.parse(JSON.parse(body));
    return Object.entries(details)
      .map(([name, { status }]) => `${name}: ${status}`)
      .join(', ');
  } catch {
    return 'an answer of something else';
  }
}
