import { pinOf } from '@key-connector/key-ring';
import { RecoveryChanges, RingChanges } from '@key-connector/key-ring/changes';
import { shortId } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

@Injectable()
export class RemoveRecoveryKeyCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
  ) {
    super();
  }

  define(): Command {
    return new Command('remove')
      .description('give up a recovery key, with its wrappings: its shares bring nothing back any more')
      .argument('<id>', 'the recovery key: sha256:…, as kek list shows it')
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples(`recovery remove sha256:${'0123456789abcdef'.repeat(4)}`))
      .action((id: string, options: Options) => this.run(id, options));
  }

  private async run(id: string, { dryRun, yes }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const seen = await context.get(RingChanges).look();
      const recovery = context.get(RecoveryChanges);
      recovery.requireMayRemove(seen, id);
      const left = seen.held.manifest.keks.filter((kek) => kek.role === 'recovery' && kek.id !== id).length;
      const last = left === 0 ? ' It is the last one: if the key provider is lost then, so is every vault.' : '';
      if (!dryRun)
        await this.confirmation.of({
          what:
            `Removes the recovery key ${id} and its wrappings.${last} Backups from before still open with it: keep or destroy ` +
            'its shares as you do those.',
          word: shortId(id),
          yes,
        });
      const held = dryRun ? seen.held : await recovery.remove(seen, id);
      const pin = pinOf(held);
      await this.output.result(
        { dryRun, id, recoveryKeys: left, manifestVersion: held.version, ...(!dryRun && { pin }) },
        () =>
          dryRun
            ? `Would remove ${id} and its wrappings.${last}`
            : [
                `${id} is removed. Was it taken? Then run key-connector ring rekey, data-key rotate and data-key reencrypt, too.`,
                `Set keyRing__identity to ${pin} on every replica.`,
              ].join('\n'),
      );
    });
  }
}
