import type { KeyProviderModule } from 'key-connector/key-provider';
import { NestFactory } from '@nestjs/core';
import { describeKey, type KeyServiceSettings, settings } from './key-service.settings.js';
import { KeyServiceModule } from './key-service.module.js';
import { RemoteKeys } from './remote-keys.js';

/** What Key Connector looks for. */
export const keyProvider: KeyProviderModule<KeyServiceSettings> = {
  apiVersion: 1,
  settings,
  describe: describeKey,
  open: async (given, { recordedKeyReferences, timeoutSeconds }) => {
    const module = KeyServiceModule.forRoot({ ...given, timeoutSeconds });
    // Errors must reach Key Connector: Nest would end the process. And no `logger`: it would take the place of the
    // service's own, where both run on the same copy of Nest.
    const context = await NestFactory.createApplicationContext(module, { abortOnError: false });
    try {
      const key = await context.get(RemoteKeys).open(recordedKeyReferences);
      return Object.assign(key, { close: () => context.close() });
    } catch (error) {
      // It is opened again while the key service is away: each time with a context of its own.
      await context.close();
      throw error;
    }
  },
};
