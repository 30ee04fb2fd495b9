import {
  assertNameIsOurs,
  hostToListenOn,
  KeyConnectorError,
  listenFailure,
  trustExtraCas,
  version,
} from '@key-connector/common';
import { Database } from '@key-connector/database';
import { KeyRing } from '@key-connector/key-ring';
import { createLogger, PinoLoggerService } from '@key-connector/observability';
import { loadSettings, type Settings, SettingsInvalid, startWarnings, useProxies } from '@key-connector/settings';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Boot } from './boot/boot.js';
import { createApp } from './create-app.js';
import { RotatingFiles } from './files/rotating-files.js';

/** Starts the service; it listens at once and turns ready when its dependencies are up. */
export async function serve(): Promise<void> {
  const settings = await settingsOrExit();
  const logger = new PinoLoggerService(createLogger(settings.log));
  let app: NestFastifyApplication | undefined;
  try {
    logger.debug({ msg: 'settings', settings });
    const ofNetwork = [...(await trustExtraCas(settings.tls.extraCaPath)), ...useProxies()];
    for (const warning of [...ofNetwork, ...(await startWarnings(settings))]) logger.warn(warning, 'Start');
    app = await createApp(settings, logger);
    await app.get(RotatingFiles).begin();
    await listen(app, settings);
    const boot = app.get(Boot);
    if (await boot.run()) logger.log({ msg: 'ready', ...(await summary(app)) });
    // What it finds ends the process. Without a pin nothing has been sealed.
    await boot.valuesLookedAt();
  } catch (error) {
    logger.fatal(error instanceof KeyConnectorError ? { msg: error.message, code: error.code } : error);
    process.exitCode = 1;
    await app?.close();
    process.exit();
  }
}

/** There is no logger before there are settings, so what is wrong with them goes to standard error as plain lines. */
async function settingsOrExit(): Promise<Settings> {
  try {
    return await loadSettings();
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

async function listen(app: NestFastifyApplication, { http: { host, port } }: Settings): Promise<void> {
  const place = { branch: 'http', host, port } as const;
  try {
    await app.listen({ port, host: hostToListenOn(host) });
    await assertNameIsOurs(place, app.getHttpAdapter().getInstance().addresses());
  } catch (error) {
    throw listenFailure(error, place);
  }
}

async function summary(app: NestFastifyApplication): Promise<object> {
  return {
    address: await app.getUrl(),
    database: app.get(Database).description,
    ...app.get(KeyRing).summary(),
    version,
    node: process.version,
  };
}
