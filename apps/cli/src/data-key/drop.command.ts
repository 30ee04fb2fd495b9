import { pinOf } from '@key-connector/key-ring';
import { DataKeyDrop, RingChanges, type RingView } from '@key-connector/key-ring/changes';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Interruption } from '../terminal/interruption.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly undo?: boolean;
  readonly finish?: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

@Injectable()
export class DropDataKeyCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
    private readonly interruption: Interruption,
  ) {
    super();
  }

  define(): Command {
    return new Command('drop')
      .description(
        'give up a data key that no value needs any more: first it is marked and can be opened again with --undo; ' +
          '--finish deletes it for good',
      )
      .argument('<id>', 'the data key', dataKeyId)
      .addOption(new Option('--undo', 'open it again').conflicts('finish'))
      .addOption(new Option('--finish', 'delete a data key that was dropped, with its wrappings, for good'))
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples('data-key drop 1', 'data-key drop 1 --undo', 'data-key drop 1 --finish'))
      .action((id: number, options: Options) => this.run(id, options));
  }

  private async run(id: number, options: Options): Promise<void> {
    await this.deployment.useConnected(options, async (context) => {
      const seen = await context.get(RingChanges).look();
      if (options.undo === true) return this.undo(context, seen, id, options);
      if (options.finish === true) return this.finish(context, seen, id, options);
      return this.drop(context, seen, id, options);
    });
  }

  private async drop(context: INestApplicationContext, seen: RingView, id: number, { dryRun }: Options): Promise<void> {
    const drop = context.get(DataKeyDrop);
    drop.requireMayDrop(seen, id);
    const needed = await drop.needing(id);
    if (dryRun) {
      await this.output.result({ dryRun, dataKeyId: id, needed }, () =>
        needed === 0
          ? `Nothing needs data key ${id}: it would be dropped.`
          : `${needed} values still need data key ${id}.`,
      );
      return;
    }
    const held = await this.interruption.during(
      (signal) => drop.drop(seen, id, signal),
      `Data key ${id} may be dropped by now: run the command again, which looks once more for values that need it.`,
    );
    const pin = pinOf(held);
    await this.output.result({ dataKeyId: id, state: 'dropped', manifestVersion: held.version, pin }, () =>
      [
        `Data key ${id} is dropped (manifest version ${held.version}): replicas use it no more.`,
        `Set keyRing__identity to ${pin} on every replica.`,
        `To have it back: key-connector data-key drop ${id} --undo. To delete it for good: key-connector data-key drop ${id} --finish.`,
      ].join('\n'),
    );
  }

  private async undo(context: INestApplicationContext, seen: RingView, id: number, { dryRun }: Options): Promise<void> {
    const drop = context.get(DataKeyDrop);
    drop.requireMayUndo(seen, id);
    const { manifest } = dryRun ? seen.held : await drop.undo(seen, id);
    await this.output.result({ dryRun, dataKeyId: id, state: 'open', manifestVersion: manifest.version }, () =>
      dryRun
        ? `Would open data key ${id} again.`
        : `Data key ${id} is open again (manifest version ${manifest.version}).`,
    );
  }

  private async finish(
    context: INestApplicationContext,
    seen: RingView,
    id: number,
    { dryRun, yes }: Options,
  ): Promise<void> {
    const drop = context.get(DataKeyDrop);
    drop.requireMayFinish(seen, id);
    const needed = await drop.needing(id);
    if (dryRun) {
      await this.output.result(
        { dryRun, dataKeyId: id, needed },
        () => `Would delete data key ${id}; ${needed} values need it.`,
      );
      return;
    }
    const what =
      `Deletes data key ${id} and its wrappings. A backup from before the values were sealed anew cannot be read ` +
      'without them: keep the tables DataKeys and DataKeyWrappings with it.';
    await this.confirmation.of({ what, word: String(id), yes });
    const held = await this.interruption.during((signal) => drop.finish(seen, id, signal), 'Nothing was deleted.');
    const pin = pinOf(held);
    await this.output.result({ dataKeyId: id, state: 'deleted', pin }, () =>
      [`Data key ${id} is gone.`, `Set keyRing__identity to ${pin} on every replica.`].join('\n'),
    );
  }
}

function dataKeyId(text: string): number {
  if (!/^\d{1,10}$/.test(text))
    throw new InvalidArgumentError('A data key is named by a number: key-connector data-key list.');
  return Number(text);
}
