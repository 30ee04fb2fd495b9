import { pinOf } from '@key-connector/key-ring';
import { KekChanges, RingChanges } from '@key-connector/key-ring/changes';
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
export class RemoveKekCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
  ) {
    super();
  }

  define(): Command {
    return new Command('remove')
      .description(
        'give up a key-encryption key, with its wrappings, once every replica has another one; run it with the settings of ' +
          'the one that stays',
      )
      .argument('<id>', 'the key-encryption key: sha256:…, as kek list shows it')
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples(`kek remove sha256:${'0123456789abcdef'.repeat(4)}`))
      .action((id: string, options: Options) => this.run(id, options));
  }

  private async run(id: string, { dryRun, yes }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const seen = await context.get(RingChanges).look();
      const keks = context.get(KekChanges);
      keks.requireMayRemove(seen, id);
      if (!dryRun)
        await this.confirmation.of({
          what:
            `Removes ${id} from the ring, with its wrappings; ${seen.kek.id} (${seen.kek.description}) stays. A replica that ` +
            'is still configured with it cannot start again, and stops writing at the next data-key rotate. Backups from ' +
            'before still open with it: keep it as long as them.',
          word: id.slice('sha256:'.length, 'sha256:'.length + 8),
          yes,
        });
      const held = dryRun ? seen.held : await keks.remove(seen, id);
      const pin = pinOf(held);
      await this.output.result({ dryRun, id, manifestVersion: held.version, ...(!dryRun && { pin }) }, () =>
        dryRun
          ? `Would remove ${id} and its wrappings.`
          : [`${id} is removed.`, `Set keyRing__identity to ${pin} on every replica.`].join('\n'),
      );
    });
  }
}
