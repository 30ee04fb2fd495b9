import { trustExtraCas } from '@key-connector/common';
import { loadSettings, useProxies } from '@key-connector/settings';
import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { DeploymentModule } from './deployment.module.js';
import { StderrLogger } from './stderr-logger.js';
import { useContext } from './use-context.js';

/** The deployment that this process' settings describe: read and opened when a command needs it, so that help needs none. */
@Injectable()
export class Deployment {
  /** Gives the service's own rooms to some work, and closes them however that ends. Nothing is connected yet. */
  async use(work: (context: INestApplicationContext) => Promise<void>): Promise<void> {
    const settings = await loadSettings();
    const logger = new StderrLogger();
    for (const warning of [...(await trustExtraCas(settings.tls.extraCaPath)), ...useProxies()]) logger.warn(warning);
    await useContext(DeploymentModule.with(settings), work);
  }
}
