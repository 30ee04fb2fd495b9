import { RecoveryChanges, RingChanges } from '@key-connector/key-ring/changes';
import { createSeed, openSeed, type OpenRecoveryKey } from '@key-connector/recovery-keys';
import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { NewShares, type NewSharesOptions } from './new-shares.js';

interface Options extends NewSharesOptions {
  readonly dryRun: boolean;
}

@Injectable()
export class CreateRecoveryKeyCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly newShares: NewShares,
  ) {
    super();
  }

  define(): Command {
    return new Command('create')
      .description(
        'make a recovery key, split it into shares for different people, and wrap every data key under it, once enough ' +
          'shares were given back',
      )
      .option('--shares <n>', 'how many people get one', count, 5)
      .option('--threshold <k>', 'how many of them are needed together', count, 3)
      .option('--write <folder>', 'write each share into a file there, in place of showing them one by one')
      .addOption(dryRunOption())
      .addHelpText(
        'after',
        examples(
          'recovery create',
          'recovery create --shares 3 --threshold 2',
          'recovery create --write /media/stick/shares',
        ),
      )
      .action((options: Options) => this.run(options));
  }

  private async run(options: Options): Promise<void> {
    this.newShares.requireWay(options);
    await this.deployment.useConnected(options, async (context) => {
      // Before anybody writes anything down: database, provider and ring are there.
      const { held } = await context.get(RingChanges).look();
      if (options.dryRun) return this.tellPlan(held.manifest.dataKeys.length, options);
      const seed = createSeed();
      try {
        const opened = openSeed(seed);
        await this.newShares.handOut(seed, options, (files) => this.add(context, opened, { ...options, files }));
      } finally {
        seed.fill(0);
      }
    });
  }

  /** Looks again: people take their time, and the ring may have changed meanwhile. */
  private async add(
    context: INestApplicationContext,
    opened: OpenRecoveryKey,
    { shares, threshold, files }: NewSharesOptions & { readonly files: readonly string[] },
  ): Promise<void> {
    const { id } = opened.key;
    const seen = await context.get(RingChanges).look();
    const held = await context.get(RecoveryChanges).add(seen, opened.key, opened);
    await this.output.result(
      { dryRun: false, id, shares, threshold, files, ring: held.identity.fingerprint, manifestVersion: held.version },
      () =>
        [
          `Every data key and the ring's identity are wrapped under the recovery key ${id} too, and were opened with it again.`,
          ...files,
          `Bring the ${shares} shares to ${shares} people now. Try them once a year: key-connector recovery drill`,
        ].join('\n'),
    );
  }

  private tellPlan(dataKeys: number, { shares, threshold }: NewSharesOptions): Promise<void> {
    return this.output.result(
      { dryRun: true, shares, threshold },
      () =>
        `Would make a recovery key of ${shares} shares, of which ${threshold} are needed, and wrap ${dataKeys} data keys and ` +
        "the ring's identity under it.",
    );
  }
}

function count(given: string): number {
  if (!/^[1-9]\d?$/.test(given)) throw new InvalidArgumentError('It is a number from 2 to 99.');
  return Number(given);
}
