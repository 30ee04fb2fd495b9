import { Database } from '@key-connector/database';
import { JsonImport } from '@key-connector/import';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';

@Injectable()
export class ImportJsonCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('json')
      .description(
        'import the keys of a JSON file: every key is opened first, all or nothing is written, ' +
          'and nothing that the database holds is overwritten',
      )
      .argument('<file>', 'the JSON file of a deployment whose database__provider was json')
      .addHelpText('after', examples('import json /etc/bitwarden/key-connector/data.json'))
      .action((file: string) => this.run(file));
  }

  private async run(file: string): Promise<void> {
    await this.deployment.use(async (context) => {
      const database = context.get(Database);
      await database.connect();
      const { imported, present, newer } = await context.get(JsonImport).run(file);
      const kept = newer === 0 ? '' : `; ${newer} ${newer === 1 ? 'has' : 'have'} a newer key there, which was kept`;
      const said = `Imported ${imported} keys into ${database.description}. ${present} were there already${kept}.`;
      await this.output.result({ database: database.description, imported, present, newer }, () => said);
    });
  }
}
