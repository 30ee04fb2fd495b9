import { loadListening } from '@key-connector/settings';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { askHealth } from './ask-health.js';

interface Options {
  readonly ready?: boolean;
}

@Injectable()
export class HealthCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('health')
      .description('ask the service that runs on this machine with these settings; the exit code is 0 when all is well')
      .option('--ready', 'whether requests can succeed too: what it depends on is there')
      .addHelpText('after', examples('health', 'health --ready'))
      .action((options: Options) => this.run(options));
  }

  private async run({ ready = false }: Options): Promise<void> {
    const { well, said } = await askHealth(
      await loadListening(undefined, this.deployment.envFiles),
      ready ? 'ready' : 'live',
    );
    await this.output.result({ well, said }, () => said);
    // Docker knows 0 and 1 alone.
    if (!well) this.output.endAs('failed');
  }
}
