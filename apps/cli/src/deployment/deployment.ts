import { trustExtraCas } from '@key-connector/common';
import { envFileWarning, loadSettings, useProxies } from '@key-connector/settings';
import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { DeploymentModule } from './deployment.module.js';
import { StderrLogger } from './stderr-logger.js';
import { useContext } from './use-context.js';

/** The deployment that this process' settings describe: read and opened when a command needs it, so that help needs none. */
@Injectable()
export class Deployment {
  /** Env files to read; `undefined` for those that the environment names. */
  envFiles: readonly string[] | undefined;

  /** Gives the service's own rooms to some work, and closes them however that ends. Nothing is connected yet. */
  async use<T>(work: (context: INestApplicationContext) => Promise<T>): Promise<T> {
    const settings = await loadSettings(undefined, this.envFiles);
    const logger = new StderrLogger();
    const found = [envFileWarning(), ...(await trustExtraCas(settings.tls.extraCaPath)), ...useProxies()];
    for (const warning of found) if (warning !== undefined) logger.warn(warning);
    return useContext(DeploymentModule.with(settings), work);
  }
}
