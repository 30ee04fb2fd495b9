import { DataKeyDrop, RingChanges } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

@Injectable()
export class ListDataKeysCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('list')
      .description('list the data keys of the ring, and how many values need each')
      .addHelpText('after', examples('data-key list', 'data-key list --json'))
      .action(() => this.run());
  }

  private async run(): Promise<void> {
    await this.deployment.lookConnected(async (context) => {
      const { held, wrapped } = await context.get(RingChanges).look();
      const drop = context.get(DataKeyDrop);
      const { activeDataKeyId, dataKeys: listed } = held.manifest;
      // One after the other: each count reads every value, and members are served meanwhile.
      const needing = new Map<number, number>();
      for (const { id } of listed) needing.set(id, await drop.needing(id));
      const dataKeys = listed.map(({ id, state }) => ({
        id,
        state: id === activeDataKeyId ? 'active' : state,
        values: needing.get(id),
        wrappings: wrapped.filter(({ dataKeyId }) => dataKeyId === id).length,
      }));
      await this.output.result({ dataKeys }, () =>
        table(
          ['data key', 'state', 'values', 'wrappings'],
          dataKeys.map(({ id, state, values, wrappings }) => [id, state, values, wrappings]),
        ),
      );
    });
  }
}
