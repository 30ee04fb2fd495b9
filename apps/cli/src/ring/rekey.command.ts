import { pinOf } from '@key-connector/key-ring';
import { RingChanges, RingRekey } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command, Option } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly prepare: boolean;
  readonly prepared?: string;
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
      .addOption(
        new Option('--prepare', 'only make it and print its fingerprint, to set on every replica before it counts')
          .default(false)
          .conflicts('prepared'),
      )
      .option('--prepared <line>', 'the line that --prepare printed: no replica stops writing then')
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples('ring rekey --prepare', 'ring rekey --prepared sha256:….…', 'ring rekey'))
      .action((options: Options) => this.run(options));
  }

  private async run({ prepare, prepared, dryRun, yes }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun: dryRun || prepare }, async (context) => {
      const seen = await context.get(RingChanges).look();
      const before = seen.held.identity.fingerprint;
      if (prepare) {
        const made = await context.get(RingRekey).prepare(seen);
        const pin = `${pinOf(seen.held)},${made.ring}`;
        return this.output.result({ before, ring: made.ring, pin, prepared: made.line }, () =>
          [
            `The identity ${made.ring} is made, and signs nothing yet. Keep this line, which only the key-encryption key opens:`,
            made.line,
            `Set keyRing__identity to ${pin} on every replica, and here, and restart them. Then: key-connector ring rekey --prepared <line>`,
          ].join('\n'),
        );
      }
      if (!dryRun)
        await this.confirmation.of({
          what:
            `Gives the ring ${before} a new identity. Replicas write nothing until its fingerprint stands in their settings, ` +
            'behind or in place of the old one; reads go on. To know it before: ring rekey --prepare.',
          word: before.slice('sha256:'.length, 'sha256:'.length + 8),
          yes,
        });
      const held = dryRun ? seen.held : await context.get(RingRekey).rekey(seen, prepared);
      const pin = pinOf(held);
      await this.output.result({ dryRun, before, ring: held.identity.fingerprint, pin }, () =>
        dryRun
          ? `Would give the ring ${before} a new identity.`
          : `The ring is ${held.identity.fingerprint} now.\nSet keyRing__identity to ${pin} on every replica, and restart it.`,
      );
    });
  }
}
