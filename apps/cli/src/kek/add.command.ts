import { KekChanges, RingChanges } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';

interface Options {
  readonly with: readonly string[];
  readonly dryRun: boolean;
}

const collect = (path: string, before: readonly string[] = []): readonly string[] => [...before, path];

@Injectable()
export class AddKekCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('add')
      .description(
        'wrap every data key under one more key-encryption key, and open each again: the first step of a move. Then give ' +
          'every replica the new settings, one by one, and remove the old key',
      )
      .requiredOption(
        '--with <env file>',
        'the settings that replicas will get: an env file as Docker reads it, whose rsaKey__* and certificate__* name ' +
          'the new key; may be repeated',
        collect,
      )
      .addOption(dryRunOption())
      .addHelpText('after', examples('kek add --with new.env', 'kek add --with new.env --dry-run'))
      .action((options: Options) => this.run(options));
  }

  private async run({ with: envFiles, dryRun }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const seen = await context.get(RingChanges).look();
      await this.deployment.useKeyOf(envFiles, async (added) => {
        const keks = context.get(KekChanges);
        keks.requireMayAdd(seen, added);
        const { manifest } = dryRun ? seen.held : await keks.add(seen, added);
        const document = { dryRun, id: added.id, reference: added.keyReference, manifestVersion: manifest.version };
        await this.output.result(document, () =>
          dryRun
            ? `Would wrap ${manifest.dataKeys.length} data keys and the ring's identity under ${added.id} (${added.description}).`
            : [
                `Every data key and the ring's identity are wrapped under ${added.id} (${added.description}) too, and were opened again.`,
                `Now give each replica the new settings and restart it; then, with the new settings: key-connector kek remove ${seen.kek.id}`,
              ].join('\n'),
        );
      });
    });
  }
}
