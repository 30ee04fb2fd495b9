import { KeyRing } from '@key-connector/key-ring';
import { LayoutDowngrade, RingChanges } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { LayoutRun, rateOption } from './layout-run.js';

interface Options {
  readonly rate: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

@Injectable()
export class DowngradeLayoutCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
    private readonly layoutRun: LayoutRun,
  ) {
    super();
  }

  define(): Command {
    return new Command('downgrade')
      .description(
        'seal every value as the official server reads it, under data key 0, while members go on. Stopped or killed, the ' +
          'next run goes on',
      )
      .addOption(rateOption())
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples('layout downgrade --dry-run', 'layout downgrade'))
      .action((options: Options) => this.run(options));
  }

  private async run({ rate, dryRun, yes }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const { layout } = (await context.get(RingChanges).look()).held.manifest;
      const downgrade = context.get(LayoutDowngrade);
      downgrade.requireMayRun();
      await context.get(KeyRing).load();
      const total = await downgrade.count();
      if (dryRun) {
        const text = `The layout is ${layout}. ${total} values would be sealed as the official server reads them.`;
        await this.output.result({ dryRun, layout, values: total }, () => text);
        return;
      }
      await this.confirmation.of({
        what:
          'Seals every value as the official server reads it. Nothing ties such a value to its member: whoever can write to the ' +
          'database, and has an account, can read another member’s key.',
        word: 'classic',
        yes,
      });
      const { held, sealed } = await this.layoutRun.show({ rate, total }, (how) => downgrade.run(how));
      await this.output.result({ layout: held.manifest.layout, sealed, manifestVersion: held.version }, () =>
        [
          `Every value is as the official server reads it (manifest version ${held.version}, ${sealed} sealed anew).`,
          'The official server can be started on this database, beside this service or in its place (docs/leave.md).',
        ].join('\n'),
      );
    });
  }
}
