import { createServer, request } from 'node:https';
import type { TlsCertificate } from '../../lab/files/certificate.js';
import { close, listen } from '../../lab/network/listen.js';

/** A gateway between clients and the service, which fails as gateways do: for a while, and not for every request. */
export interface Gateway {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a gateway that answers every GET with `status` itself and passes everything else on to `target`. */
export async function startGateway(options: {
  readonly tls: TlsCertificate;
  readonly target: string;
  readonly status: number;
}): Promise<Gateway> {
  const { tls, target, status } = options;
  const server = createServer({ cert: tls.certificatePem, key: tls.keyPem }, (asked, answered) => {
    if (asked.method === 'GET') {
      answered.writeHead(status).end();
      return;
    }
    const { method, headers } = asked;
    const passedOn = request(target + (asked.url ?? ''), { method, headers, ca: tls.caPem, agent: false }, (answer) => {
      answered.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(answered);
    });
    passedOn.on('error', () => answered.destroy());
    asked.pipe(passedOn);
  });
  return { url: `https://localhost:${await listen(server)}`, stop: () => close(server) };
}
