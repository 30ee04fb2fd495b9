import { RingChanges } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

@Injectable()
export class ListKeksCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('list')
      .description('list the key-encryption keys of the ring, and how many keys are wrapped under each')
      .addHelpText('after', examples('kek list', 'kek list --json'))
      .action(() => this.run());
  }

  private async run(): Promise<void> {
    await this.deployment.lookConnected(async (context) => {
      const { held, wrapped, kek } = await context.get(RingChanges).look();
      const keks = held.manifest.keks.map(({ id, role, algorithm, reference }) => ({
        ...{ id, role, algorithm, reference },
        configured: id === kek.id,
        wrappings: wrapped.filter(({ kekId }) => kekId === id).length,
      }));
      await this.output.result({ keks }, () =>
        table(
          ['key-encryption key', 'role', 'configured', 'wrappings', 'algorithm', 'reference'],
          keks.map((each) => [
            ...[each.id, each.role, each.configured ? 'here' : undefined],
            ...[each.wrappings, each.algorithm, each.reference],
          ]),
        ),
      );
    });
  }
}
