import type { KeyEncryptionKey } from '@key-connector/crypto-providers';
import { type HeldManifest, pinOf } from '@key-connector/key-ring';
import { RecoveryRestore } from '@key-connector/key-ring/changes';
import { shortId } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { PrivateHalf, type PrivateHalfOptions, privateHalfOptions } from './private-half.js';

interface Options extends PrivateHalfOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

@Injectable()
export class RestoreCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
    private readonly privateHalf: PrivateHalf,
  ) {
    super();
  }

  define(): Command {
    const command = new Command('restore')
      .description(
        'bring the ring back with a recovery key, under the key-encryption key of these settings, which is a new one: for when ' +
          'the old one is gone for good',
      )
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText(
        'after',
        examples(
          'recovery restore',
          'recovery restore --share one.txt --share two.txt --share three.txt',
          'recovery restore --dry-run',
        ),
      )
      .action((options: Options) => this.run(options));
    for (const option of privateHalfOptions()) command.addOption(option);
    return command;
  }

  private async run({ dryRun, yes, ...privateHalf }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const restore = context.get(RecoveryRestore);
      const held = await restore.look();
      const kek = await restore.newKey();
      restore.requireMayRun(held, kek);
      const opened = await this.privateHalf.open(privateHalf);
      const dataKeys = await restore.drill(held, opened);
      const lost = restore.lost(held, kek).map(({ id }) => id);
      if (!dryRun)
        await this.confirmation.of({ what: whatIsDone(held, kek, lost), word: shortId(held.manifest.ring), yes });
      const { version, identity } = dryRun ? held : await restore.run(held, opened, kek);
      const pin = pinOf({ version, identity });
      const document = { dryRun, ring: identity.fingerprint, kek: kek.id, lost, dataKeys, manifestVersion: version };
      await this.output.result({ ...document, ...(!dryRun && { pin }) }, () =>
        dryRun
          ? `Would do this, and nothing stands in its way: ${whatIsDone(held, kek, lost)}`
          : [
              `The data keys ${dataKeys.join(', ')} and the ring's identity are wrapped under ${kek.id} (${kek.description}), and were opened again.`,
              `Start every replica with these settings, and with keyRing__identity ${pin}`,
            ].join('\n'),
      );
    });
  }
}

const whatIsDone = ({ manifest }: HeldManifest, kek: KeyEncryptionKey, lost: readonly string[]): string =>
  `Brings the ring ${manifest.ring} back under ${kek.id} (${kek.description}). ` +
  (lost.length === 0
    ? 'That is its own key-encryption key, whose wrappings are made anew.'
    : `It gives up ${lost.join(', ')}: no replica that is configured with ${lost.length === 1 ? 'it' : 'one of them'} can start again. ` +
      'Compare the fingerprint of the ring with the one that you have noted.');
