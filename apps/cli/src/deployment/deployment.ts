import { trustExtraCas } from '@key-connector/common';
import { type KeyEncryptionKey, KeyProvider } from '@key-connector/crypto-providers';
import { Database } from '@key-connector/database';
import { envFileWarning, loadSettings, type Settings, useProxies } from '@key-connector/settings';
import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { DeploymentModule } from './deployment.module.js';
import { StderrLogger } from './stderr-logger.js';
import { useContext } from './use-context.js';

/**
 * The deployment that this process' settings describe: read and opened when a command needs it, so that help needs
 * none.
 */
@Injectable()
export class Deployment {
  /** Env files to read; `undefined` for those that the environment names. */
  envFiles: readonly string[] | undefined;

  private loaded: Promise<Settings> | undefined;

  /** Its settings, checked; throws `SettingsInvalid`. They are read once: a pipe gives what it holds only once. */
  settings(): Promise<Settings> {
    this.loaded ??= loadSettings(undefined, this.envFiles);
    return this.loaded;
  }

  /** Gives the service's own rooms to some work, and closes them however that ends. Nothing is connected yet. */
  use<T>(work: (context: INestApplicationContext) => Promise<T>): Promise<T> {
    return this.open({ changesTables: true }, work);
  }

  /** The same for work that only looks: `Database.connect` runs no migration, whatever the settings say. */
  look<T>(work: (context: INestApplicationContext) => Promise<T>): Promise<T> {
    return this.open({ changesTables: false }, work);
  }

  /**
   * Gives the rooms with the database connected: as a start of the service does it, migrations included; for a dry run
   * only where there is nothing to make or to migrate.
   */
  useConnected<T>(
    { dryRun }: { readonly dryRun: boolean },
    work: (context: INestApplicationContext) => Promise<T>,
  ): Promise<T> {
    return this.open({ changesTables: !dryRun }, async (context) => {
      await context.get(Database).connect();
      return work(context);
    });
  }

  /** The same for a command that never changes anything. */
  lookConnected<T>(work: (context: INestApplicationContext) => Promise<T>): Promise<T> {
    return this.useConnected({ dryRun: true }, work);
  }

  private async open<T>(
    how: { readonly changesTables: boolean },
    work: (context: INestApplicationContext) => Promise<T>,
  ): Promise<T> {
    const settings = await this.settings();
    const logger = new StderrLogger();
    const found = [envFileWarning(), ...(await trustExtraCas(settings.tls.extraCaPath)), ...useProxies()];
    for (const warning of found) if (warning !== undefined) logger.warn(warning);
    return useContext(DeploymentModule.with(settings, how), work);
  }

  /**
   * Gives the key-encryption key that other settings name to some work: those of env files alone, not of this process.
   */
  async useKeyOf<T>(envFiles: readonly string[], work: (key: KeyEncryptionKey) => Promise<T>): Promise<T> {
    const { keyProvider } = await loadSettings({}, envFiles);
    const provider = new KeyProvider(keyProvider);
    try {
      return await work(await provider.open());
    } finally {
      await provider.onApplicationShutdown();
    }
  }
}
