import { KeyRing, pinOf } from '@key-connector/key-ring';
import { LayoutUpgrade, RingChanges } from '@key-connector/key-ring/changes';
import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { Command, Option } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { LayoutRun, rateOption } from './layout-run.js';

interface Options {
  readonly rate: number;
  readonly guard: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

@Injectable()
export class UpgradeLayoutCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
    private readonly layoutRun: LayoutRun,
  ) {
    super();
  }

  define(): Command {
    return new Command('upgrade')
      .description(
        'tie every value to its member, under a new data key, while members go on; for when the official server is stopped ' +
          'for good. Stopped or killed, the next run goes on',
      )
      .addOption(rateOption())
      .addOption(new Option('--without-guard', 'do not have the database refuse what the official server would write'))
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples('layout upgrade --dry-run', 'layout upgrade'))
      .action(({ withoutGuard, ...options }: Omit<Options, 'guard'> & { readonly withoutGuard?: boolean }) =>
        this.run({ ...options, guard: withoutGuard !== true }),
      );
  }

  private async run(options: Options): Promise<void> {
    await this.deployment.useConnected(options, async (context) => {
      const { layout } = (await context.get(RingChanges).look()).held.manifest;
      await context.get(KeyRing).load();
      if (options.dryRun) return this.look(context, layout);
      if (layout !== 'boundOnly')
        await this.confirmation.of({
          what:
            'Seals every value anew in a layout that the official server cannot read. Each of its processes on this database must ' +
            'be stopped now: what it wrote from here on would be refused, or lost to its member.',
          word: 'stopped',
          yes: options.yes,
        });
      await this.upgrade(context, options);
    });
  }

  private async upgrade(context: INestApplicationContext, { rate, guard: guarded }: Options): Promise<void> {
    const upgrade = context.get(LayoutUpgrade);
    const total = await upgrade.count();
    const { held, sealed } = await this.layoutRun.show({ rate, total }, (how) => upgrade.run({ ...how, guarded }));
    const pin = pinOf(held);
    const document = { layout: held.manifest.layout, sealed, guarded, manifestVersion: held.version, pin };
    await this.output.result(document, () =>
      [
        `Every value is tied to its member (manifest version ${held.version}, ${sealed} sealed anew).`,
        guarded
          ? 'The database refuses what the official server would write.'
          : 'The database does not refuse what the official server would write: should it be started, members whose keys it stores are locked out.',
        `Set keyRing__identity to ${pin} on every replica.`,
        'Data key 0 opens nothing any more: key-connector data-key drop 0 gives it up.',
      ].join('\n'),
    );
  }

  private async look(context: INestApplicationContext, layout: string): Promise<void> {
    const { count, unopened, shared } = await context.get(LayoutUpgrade).look();
    await this.output.result({ dryRun: true, layout, values: count, unopened, shared }, () =>
      [
        `The layout is ${layout}. ${count} values, the history's too, would be bound, under a new data key.`,
        ...unopened.map(({ table, id }) => `Does not open: ${id} (${table})`),
        ...shared.map(([one, other]) => `Have the same key: ${one} and ${other}`),
      ].join('\n'),
    );
    if (unopened.length + shared.length > 0) this.output.endAs('damaged');
  }
}
