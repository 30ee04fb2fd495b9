import { KeyConnectorError } from './key-connector.errors.js';

/** A certificate or key that the settings name for TLS cannot be used. */
export class TlsFileUnreadable extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor(setting: string, path: string, why: string) {
    super(`${setting}: cannot use ${path} (${why}). Give the path of a PEM file that this process may read.`);
  }
}
