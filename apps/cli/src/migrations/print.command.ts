import { Migrations } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly all?: boolean;
}

@Injectable()
export class PrintMigrationsCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('print')
      .description(
        'print the SQL that the tables still need, for the database’s own client, and run nothing; ' +
          'standard output holds SQL alone',
      )
      .option('--all', 'for an empty database, without asking the configured one')
      .addHelpText('after', examples('migrations print > migrations.sql', 'migrations print --all > schema.sql'))
      .action((options: Options) => this.run(options));
  }

  private async run({ all = false }: Options): Promise<void> {
    await this.deployment.use(async (context) => {
      const migrations = context.get(Migrations);
      const script = await (all ? migrations.fullScript() : migrations.pendingScript());
      const { description } = migrations;
      await this.output.result(
        { database: description, script: script ?? null },
        () => script ?? `-- Nothing is pending on ${description}.`,
      );
    });
  }
}
