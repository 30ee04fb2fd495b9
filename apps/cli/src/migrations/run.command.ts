import { type DatabaseFacts, DatabaseLook, Migrations } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly dryRun: boolean;
}

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
      .addOption(dryRunOption())
      .addHelpText('after', examples('migrations run', 'migrations run --dry-run'))
      .action((options: Options) => this.run(options));
  }

  private async run({ dryRun }: Options): Promise<void> {
    await this.deployment.use(async (context) => {
      const migrations = context.get(Migrations);
      const { description } = migrations;
      if (dryRun) return this.tell(description, await context.get(DatabaseLook).facts());
      const ran = await migrations.run();
      const said = ran.length === 0 ? 'Nothing was pending' : `Ran ${ran.join(', ')}`;
      await this.output.result({ database: description, ran }, () => `${said} on ${description}.`);
    });
  }

  private async tell(database: string, { pending, isToBeMade }: DatabaseFacts): Promise<void> {
    const what = isToBeMade ? 'every migration' : pending.join(', ');
    await this.output.result({ database, pending, isToBeMade }, () =>
      what === '' ? `Nothing is pending on ${database}.` : `Would run ${what} on ${database}.`,
    );
  }
}
