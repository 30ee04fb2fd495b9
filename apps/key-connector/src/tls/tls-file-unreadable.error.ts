import { KeyConnectorError } from '@key-connector/common';

/** The certificate or key that the service should serve HTTPS with cannot be read. */
export class TlsFileUnreadable extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor(setting: string, path: string, cause: unknown) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    super(`${setting}: cannot read ${path} (${why}). Give the path of a PEM file that this process may read.`, {
      cause,
    });
  }
}
