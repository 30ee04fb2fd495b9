import { pinOf } from '@key-connector/key-ring';
import { RingChanges, RingRekey } from '@key-connector/key-ring/changes';
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
export class RekeyRingCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
  ) {
    super();
  }

  define(): Command {
    return new Command('rekey')
      .description(
        'give the ring a new identity, for when somebody may have the old one: with a key-encryption key, a recovery key, or ' +
          'a host that could use one',
      )
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples('ring rekey'))
      .action((options: Options) => this.run(options));
  }

  private async run({ dryRun, yes }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const seen = await context.get(RingChanges).look();
      const before = seen.held.identity.fingerprint;
      if (!dryRun)
        await this.confirmation.of({
          what:
            `Gives the ring ${before} a new identity. Replicas write nothing until its fingerprint stands in their settings, ` +
            'beside or in place of the old one; reads go on.',
          word: before.slice('sha256:'.length, 'sha256:'.length + 8),
          yes,
        });
      const held = dryRun ? seen.held : await context.get(RingRekey).rekey(seen);
      const pin = pinOf(held);
      await this.output.result({ dryRun, before, ring: held.identity.fingerprint, pin }, () =>
        dryRun
          ? `Would give the ring ${before} a new identity.`
          : `The ring is ${held.identity.fingerprint} now.\nSet keyRing__identity to ${pin} on every replica, and restart it.`,
      );
    });
  }
}
