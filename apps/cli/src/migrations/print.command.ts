import { Migrations } from '@key-connector/database';
import { CommandRunner, Option, SubCommand } from 'nest-commander';
import { Deployment } from '../deployment/deployment.js';

interface Options {
  readonly all?: boolean;
}

@SubCommand({
  name: 'print',
  description:
    'print, as SQL for the database’s own client, what the tables still need; run nothing. ' +
    'Nothing on standard output but SQL',
})
export class PrintMigrationsCommand extends CommandRunner {
  constructor(private readonly deployment: Deployment) {
    super();
  }

  @Option({ flags: '--all', description: 'for an empty database, without asking the configured one' })
  all(): boolean {
    return true;
  }

  async run(_: string[], { all = false }: Options = {}): Promise<void> {
    await this.deployment.use(async (context) => {
      const migrations = context.get(Migrations);
      const script = await (all ? migrations.fullScript() : migrations.pendingScript());
      process.stdout.write(`${script ?? `-- Nothing is pending on ${migrations.description}.`}\n`);
    });
  }
}
