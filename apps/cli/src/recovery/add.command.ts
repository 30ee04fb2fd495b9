import { FileUnreadable, readSmallText } from '@key-connector/common';
import { RecoveryChanges, RingChanges } from '@key-connector/key-ring/changes';
import { recoveryKeyOf } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { CommandFailed } from '../terminal/command.errors.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly dryRun: boolean;
}

@Injectable()
export class AddRecoveryKeyCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('add')
      .description(
        'wrap every data key under an RSA key of yours, whose private half stays offline: only the public one is needed',
      )
      .argument('<public key>', 'a file with the public key in PEM: RSA, 3072 bits or more')
      .addOption(dryRunOption())
      .addHelpText('after', examples('recovery add recovery-public.pem', 'recovery add recovery-public.pem --dry-run'))
      .action((file: string, options: Options) => this.run(file, options));
  }

  private async run(file: string, { dryRun }: Options): Promise<void> {
    const key = recoveryKeyOf(await readText(file));
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const seen = await context.get(RingChanges).look();
      const recovery = context.get(RecoveryChanges);
      recovery.requireMayAdd(seen, key);
      const held = dryRun ? seen.held : await recovery.add(seen, key);
      const { id, algorithm } = key;
      const what = `${held.manifest.dataKeys.length} data keys and the ring's identity`;
      await this.output.result({ dryRun, id, algorithm, manifestVersion: held.version }, () =>
        dryRun
          ? `Would wrap ${what} under the recovery key ${id}.`
          : [
              `${what} are wrapped under the recovery key ${id} too.`,
              'Nobody has opened them with its private half yet. Try that, where it is kept: key-connector recovery drill --private-key <file>',
            ].join('\n'),
      );
    });
  }
}

function readText(file: string): Promise<string> {
  return readSmallText(file, { maxBytes: 64 * 1024, seconds: 60 }).catch((error: unknown) => {
    if (!(error instanceof FileUnreadable)) throw error;
    throw new CommandFailed('failed', 'FILE_UNREADABLE', `${error.message}.`);
  });
}
