import { RecoveryRestore } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { PrivateHalf, type PrivateHalfOptions, privateHalfOptions } from './private-half.js';

@Injectable()
export class DrillCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly privateHalf: PrivateHalf,
  ) {
    super();
  }

  define(): Command {
    const command = new Command('drill')
      .description(
        'prove that the shares at hand would bring the ring back: every data key and the identity are opened with them and ' +
          'compared, the key provider is not asked, and nothing is changed',
      )
      .addHelpText(
        'after',
        examples(
          'recovery drill',
          'recovery drill --share one.txt --share two.txt --share three.txt',
          'recovery drill --private-key recovery.pem',
        ),
      )
      .action((options: PrivateHalfOptions) => this.run(options));
    for (const option of privateHalfOptions()) command.addOption(option);
    return command;
  }

  private async run(options: PrivateHalfOptions): Promise<void> {
    await this.deployment.lookConnected(async (context) => {
      const restore = context.get(RecoveryRestore);
      const held = await restore.look();
      const opened = await this.privateHalf.open(options);
      const dataKeys = await restore.drill(held, opened);
      const { id } = opened.key;
      const ring = held.identity.fingerprint;
      await this.output.result({ id, ring, manifestVersion: held.version, dataKeys }, () =>
        [
          `The recovery key ${id} opens the identity of the ring ${ring} and its data keys ${dataKeys.join(', ')}, as they are in`,
          `version ${held.version} of its manifest. Nothing was changed.`,
        ].join(' '),
      );
    });
  }
}
