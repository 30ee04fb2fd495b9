import type { UserId } from '@key-connector/common';
import { MemberKeys, MemberUnknown } from '@key-connector/user-keys';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { loadRing, memberId } from './member-context.js';

interface Options {
  readonly purge: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

@Injectable()
export class MemberDeleteCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly confirmation: Confirmation,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('delete')
      .description('take a member’s key out of service; it stays in the history for its days, and can be given back')
      .argument('<id>', 'the member, by the sub of their tokens', memberId)
      .option('--purge', 'delete the history too, for good: for a member who has left', false)
      .addOption(yesOption())
      .addOption(dryRunOption())
      .addHelpText(
        'after',
        examples(
          'member delete 2f3ae1d6-8b2c-4f5e-9d0a-6c1b7e4a9f10',
          'member delete 2f3ae1d6-8b2c-4f5e-9d0a-6c1b7e4a9f10 --purge --dry-run',
        ),
      )
      .action((id: UserId, options: Options) => this.run(id, options));
  }

  private async run(id: UserId, { purge, yes, dryRun }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const members = context.get(MemberKeys);
      const { current, replaced } = await members.history(id);
      if (current === undefined && (!purge || replaced.length === 0)) throw new MemberUnknown(id);
      if (purge && !dryRun) await this.confirm(id, yes);
      if (!purge) await loadRing(context);
      const keys = await members.delete(id, { purge, dryRun });
      await this.output.result({ member: id, keys, purge, dryRun }, () => {
        const what = `${keys} ${keys === 1 ? 'key' : 'keys'} of the member ${id}`;
        if (purge) return dryRun ? `${what} would be deleted for good.` : `${what}: deleted for good.`;
        return dryRun ? `${what} would be moved into the history.` : `${what}: moved into the history.`;
      });
    });
  }

  private confirm(id: UserId, yes: boolean): Promise<void> {
    const what =
      `Deletes every key that is kept of the member ${id} for good: nobody can bring them back but from a backup, ` +
      'and a vault that only they open is lost.';
    return this.confirmation.of({ what, word: id, yes });
  }
}
