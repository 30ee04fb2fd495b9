import { Database } from '@key-connector/database';
import { JsonImport } from '@key-connector/import';
import { CommandRunner, SubCommand } from 'nest-commander';
import { Deployment } from '../deployment/deployment.js';

@SubCommand({
  name: 'json',
  arguments: '<file>',
  argsDescription: { file: 'the JSON file of a deployment whose database__provider was json' },
  description:
    'import that file into the configured database: every key is opened first, all or nothing is written, ' +
    'and nothing that the database holds is overwritten',
})
export class ImportJsonCommand extends CommandRunner {
  constructor(private readonly deployment: Deployment) {
    super();
  }

  async run([file = '']: string[]): Promise<void> {
    await this.deployment.use(async (context) => {
      const database = context.get(Database);
      await database.connect();
      const { imported, present, newer } = await context.get(JsonImport).run(file);
      const kept = newer === 0 ? '' : `; ${newer} ${newer === 1 ? 'has' : 'have'} a newer key there, which was kept`;
      process.stdout.write(
        `Imported ${imported} keys into ${database.description}. ${present} were there already${kept}.\n`,
      );
    });
  }
}
