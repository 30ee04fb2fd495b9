import { DataKeyRotation, RingChanges } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly dryRun: boolean;
}

@Injectable()
export class RotateDataKeyCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('rotate')
      .description(
        'make a new data key, which every replica writes with within seconds and without a restart; ' +
          'what is stored stays under the old one until data-key reencrypt',
      )
      .addOption(dryRunOption())
      .addHelpText('after', examples('data-key rotate', 'data-key rotate --dry-run'))
      .action((options: Options) => this.run(options));
  }

  private async run({ dryRun }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const seen = await context.get(RingChanges).look();
      const rotation = context.get(DataKeyRotation);
      rotation.requireMayRotate(seen);
      const { manifest } = dryRun ? seen.held : await rotation.rotate(seen);
      const before = seen.held.manifest.activeDataKeyId;
      const document = { dryRun, before, activeDataKeyId: manifest.activeDataKeyId, manifestVersion: manifest.version };
      await this.output.result(document, () =>
        dryRun
          ? `Would make a new data key, wrapped under ${manifest.keks.length} key-encryption keys, in place of data key ${before}.`
          : `Data key ${manifest.activeDataKeyId} is written with from now on (manifest version ${manifest.version}). ` +
            `Values stay under data key ${before} until key-connector data-key reencrypt.`,
      );
    });
  }
}
