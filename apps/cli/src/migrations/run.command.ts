import { Migrations } from '@key-connector/database';
import { CommandRunner, SubCommand } from 'nest-commander';
import { Deployment } from '../deployment/deployment.js';

@SubCommand({
  name: 'run',
  description: 'run what the tables still need, under the database’s lock, whatever database__migrate says',
})
export class RunMigrationsCommand extends CommandRunner {
  constructor(private readonly deployment: Deployment) {
    super();
  }

  async run(): Promise<void> {
    await this.deployment.use(async (context) => {
      const migrations = context.get(Migrations);
      const done = await migrations.run();
      const result = done.length === 0 ? 'Nothing was pending' : `Ran ${done.join(', ')}`;
      process.stdout.write(`${result} on ${migrations.description}.\n`);
    });
  }
}
