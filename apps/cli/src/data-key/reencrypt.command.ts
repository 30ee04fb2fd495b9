import { KeyRing } from '@key-connector/key-ring';
import { Reencryption, type ReencryptionResult, RingChanges } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Interruption } from '../terminal/interruption.js';
import { Output } from '../terminal/output.js';
import { ProgressReport } from '../terminal/progress.js';

interface Options {
  readonly rate: number;
  readonly dryRun: boolean;
}

/**
 * Values a second, unless told otherwise: replicas keep nearly all of their throughput (docs/rotate.md has figures).
 */
const defaultRate = 1_000;

@Injectable()
export class ReencryptCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly interruption: Interruption,
    private readonly progress: ProgressReport,
  ) {
    super();
  }

  define(): Command {
    return new Command('reencrypt')
      .description(
        'seal every value anew that is not under the active data key, the history’s too, while members go on; ' +
          'stopped or killed, the next run goes on where values are left',
      )
      .addOption(
        new Option('--rate <values>', 'values a second at most; 0 for as many as can be')
          .argParser(wholeNumber)
          .default(defaultRate),
      )
      .addOption(dryRunOption())
      .addHelpText(
        'after',
        examples('data-key reencrypt', 'data-key reencrypt --rate 0', 'data-key reencrypt --dry-run'),
      )
      .action((options: Options) => this.run(options));
  }

  private async run({ rate, dryRun }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      await context.get(RingChanges).look();
      await context.get(KeyRing).load();
      const reencryption = context.get(Reencryption);
      const total = await reencryption.count();
      if (dryRun) {
        await this.output.result({ dryRun, total }, () => `Would seal ${total} values anew.`);
        return;
      }
      const result = await this.interruption.during(
        (signal) => this.sealAnew(reencryption, { rate, signal }, total),
        'What was sealed anew stays so; run the command again to go on.',
      );
      await this.report(result);
    });
  }

  private sealAnew(
    reencryption: Reencryption,
    how: { readonly rate: number; readonly signal: AbortSignal },
    total: number,
  ): Promise<ReencryptionResult> {
    return this.progress.during({ what: 'values sealed anew', total }, (progress) => {
      let seen = 0;
      return reencryption.run({
        ...how,
        onProgress: ({ done }) => {
          progress.advance(done - seen);
          seen = done;
        },
      });
    });
  }

  private async report(result: ReencryptionResult): Promise<void> {
    const { done, unopened, members } = result;
    await this.output.result(result, () => {
      const sealed = `Sealed ${done} values anew.`;
      return unopened === 0
        ? sealed
        : `${sealed} ${unopened} do not open and were left as they are; they belong to:\n${members.join('\n')}`;
    });
    if (unopened > 0) this.output.endAs('damaged');
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
