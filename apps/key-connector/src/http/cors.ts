import type { Settings } from '@key-connector/settings';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

type CorsOptions = NonNullable<Parameters<NestFastifyApplication['enableCors']>[0]>;

/** The desktop client's origin. */
const DESKTOP = 'bw-desktop-file://bundle';

/** Headers that Bitwarden clients send, and so ask for in preflights. */
const headers = [
  'accept',
  'authorization',
  'content-type',
  'cache-control',
  'pragma',
  'device-type',
  'bitwarden-client-name',
  'bitwarden-client-version',
  'bitwarden-package-type',
];

/** Who may call from a browser: the web vault, the desktop client, and the extra origins of the settings. */
export function corsOptions(settings: Settings): CorsOptions {
  const webVault = settings.webVaultUri === undefined ? [] : [new URL(settings.webVaultUri.href).origin];
  return {
    origin: [...webVault, DESKTOP, ...settings.http.allowedOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    allowedHeaders: headers,
    maxAge: 600,
    // An OPTIONS request that is no preflight is a method like any other.
    strictPreflight: false,
  };
}
