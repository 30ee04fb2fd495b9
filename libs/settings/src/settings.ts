import type { SliceOutputs } from './settings.schema.js';

/** Every setting of the service, validated and typed: each lib is handed its slice. */
export class Settings {
  readonly webVaultUri: SliceOutputs['uris']['webVaultUri'];
  readonly identityServerUri: string | undefined;
  readonly http: SliceOutputs['http'];
  readonly tls: SliceOutputs['tls'];
  readonly auth: SliceOutputs['auth'];
  readonly database: SliceOutputs['database'];
  readonly keyProvider: SliceOutputs['keyProvider'];
  readonly keyRing: SliceOutputs['keyRing'];
  readonly userKeys: SliceOutputs['userKeys'];
  readonly log: SliceOutputs['log'];
  readonly metrics: SliceOutputs['metrics'];

  /** Takes what the slices' schemas gave; `loadSettings` is the way to make one. */
  constructor(outputs: SliceOutputs) {
    this.webVaultUri = outputs.uris.webVaultUri;
    this.identityServerUri = outputs.uris.identityServerUri;
    this.http = outputs.http;
    this.tls = outputs.tls;
    this.auth = outputs.auth;
    this.database = outputs.database;
    this.keyProvider = outputs.keyProvider;
    this.keyRing = outputs.keyRing;
    this.userKeys = outputs.userKeys;
    this.log = outputs.log;
    this.metrics = outputs.metrics;
  }
}
