import type { Server, TLSSocket } from 'node:tls';
import { Logger } from '@nestjs/common';

/** One line for each cause in so long, in milliseconds: anybody who reaches the port can cause one. */
const PERIOD = 60_000;

/** Of the codes that OpenSSL has, those that are told apart; an attacker chooses which come. */
const MAX_CAUSES = 20;

/** What clients cause by a certificate, or by having none (OpenSSL's reasons). */
const ofCertificates = /CERT|UNABLE_TO|SELF_SIGNED|PEER_DID_NOT_RETURN|INVALID_(CA|PURPOSE)|PATH_LENGTH|UNKNOWN_CA/;

/** Tells of clients that the listener refused for their certificate: who came first, and how many behind. */
export class RefusedClients {
  private readonly logger = new Logger('Http');
  private readonly since = new Map<string, { readonly at: number; count: number }>();

  watch(server: Server): void {
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      // Node ends the connection itself where the certificate does not verify, and keeps the reason on the socket.
      // Its code, whatever the types say.
      const { authorizationError } = socket as { authorizationError?: unknown };
      const reason = typeof authorizationError === 'string' ? authorizationError : (error.code ?? '');
      if (ofCertificates.test(reason)) this.refused(reason, socket.remoteAddress);
    });
  }

  private refused(reason: string, ip: string | undefined): void {
    const now = performance.now();
    const last = this.since.get(reason);
    if (last !== undefined && now - last.at < PERIOD) {
      last.count += 1;
      return;
    }
    if (last === undefined && this.since.size >= MAX_CAUSES) return;
    this.since.set(reason, { at: now, count: 0 });
    const before = last === undefined || last.count === 0 ? {} : { more: last.count };
    this.logger.warn({
      msg: 'a client showed no certificate that http__tlsClientCaPath signed',
      reason,
      ip,
      ...before,
    });
  }
}
