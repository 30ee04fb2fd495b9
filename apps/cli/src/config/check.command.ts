import { SettingsInvalid } from '@key-connector/settings';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';

@Injectable()
export class CheckConfigCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('check')
      .description('read and check all settings as a start does: every problem at once, and never a value')
      .addHelpText('after', examples('config check', 'config check --docker-env-file key-connector.env --json'))
      .action(() => this.run());
  }

  private async run(): Promise<void> {
    try {
      const { remarks } = await this.deployment.settings();
      const said = ['A start would take these settings.', ...remarks].join('\n');
      await this.output.result({ valid: true, problems: [], remarks }, () => said);
    } catch (error) {
      if (!(error instanceof SettingsInvalid)) throw error;
      const { problems, message } = error;
      await this.output.result({ valid: false, problems, remarks: [] }, () => message);
      this.output.endAs('settings');
    }
  }
}
