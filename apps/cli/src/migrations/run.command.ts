import { Migrations } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';

@Injectable()
export class RunMigrationsCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('run')
      .description('run what the tables still need, under the database’s lock, whatever database__migrate says')
      .addHelpText('after', examples('migrations run'))
      .action(() => this.run());
  }

  private async run(): Promise<void> {
    await this.deployment.use(async (context) => {
      const migrations = context.get(Migrations);
      const ran = await migrations.run();
      const { description } = migrations;
      const said = ran.length === 0 ? 'Nothing was pending' : `Ran ${ran.join(', ')}`;
      await this.output.result({ database: description, ran }, () => `${said} on ${description}.`);
    });
  }
}
