import { Migrations } from '@key-connector/database';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';

interface Options {
  readonly all?: boolean;
}

@Injectable()
export class PrintMigrationsCommand extends OperatorCommand {
  constructor(private readonly deployment: Deployment) {
    super();
  }

  define(): Command {
    return new Command('print')
      .description(
        'print, as SQL for the database’s own client, what the tables still need; run nothing. ' +
          'Nothing on standard output but SQL',
      )
      .option('--all', 'for an empty database, without asking the configured one')
      .addHelpText('after', examples('migrations print > migrations.sql', 'migrations print --all > schema.sql'))
      .action((options: Options) => this.run(options));
  }

  private async run({ all = false }: Options): Promise<void> {
    await this.deployment.use(async (context) => {
      const migrations = context.get(Migrations);
      const script = await (all ? migrations.fullScript() : migrations.pendingScript());
      process.stdout.write(`${script ?? `-- Nothing is pending on ${migrations.description}.`}\n`);
    });
  }
}
