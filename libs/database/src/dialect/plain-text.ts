import { Logger } from '@nestjs/common';
import { driverErrorOf } from '../errors/driver-error.js';

const logger = new Logger('Tls');

/**
 * Warns where TLS was preferred and failed, and the same server took a connection in plain text: not the case of a
 * server that has no TLS, which is what "prefer" is for.
 */
export function warnOfPlainText(
  { host, port }: { host?: string | undefined; port?: number | undefined },
  failure: unknown,
): void {
  const { code, message = 'unknown error' } = driverErrorOf(failure) ?? {};
  // As node-postgres and mysql2 say it.
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT' || message === 'The server does not support SSL connections') return;
  logger.warn({
    msg: 'TLS with the database failed, and it is spoken to in plain text, as the SSL mode allows; Require and Required do not',
    ...{ host, port, error: message },
  });
}
