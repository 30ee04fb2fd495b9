import { trustExtraCas } from '@key-connector/common';
import { envFileWarning, loadSettings, useProxies } from '@key-connector/settings';
import { type INestApplicationContext, Injectable, Logger } from '@nestjs/common';
import { DeploymentModule } from './deployment.module.js';
import { useContext } from './use-context.js';

/** The deployment that this process' settings describe: read and opened when a command needs it, so that help needs none. */
@Injectable()
export class Deployment {
  private readonly logger = new Logger(Deployment.name);

  /** Env files to read; `undefined` for those that the environment names. */
  envFiles: readonly string[] | undefined;

  /** Gives the service's own rooms to some work, and closes them however that ends. Nothing is connected yet. */
  async use(work: (context: INestApplicationContext) => Promise<void>): Promise<void> {
    const settings = await loadSettings(undefined, this.envFiles);
    const warning = envFileWarning();
    if (warning !== undefined) this.logger.warn(warning);
    await trustExtraCas(settings.tls.extraCaPath);
    useProxies();
    await useContext(DeploymentModule.with(settings), work);
  }
}
