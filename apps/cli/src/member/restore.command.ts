import type { UserId } from '@key-connector/common';
import { MemberKeys, MemberUnknown } from '@key-connector/user-keys';
import { Injectable } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { loadRing, memberId } from './member-context.js';

interface Options {
  readonly version: number;
  readonly unbound: boolean;
  readonly dryRun: boolean;
}

@Injectable()
export class MemberRestoreCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('restore')
      .description(
        'give a member a key back that was replaced or deleted; what it replaces is kept, so this can be undone',
      )
      .argument('<id>', 'the member, by the sub of their tokens', memberId)
      .requiredOption('--version <number>', 'which key, as `member history` numbers them', versionOf)
      .option(
        '--unbound',
        'take a value in the classic layout too: nothing ties it to this member, so you must know that it is theirs',
        false,
      )
      .addOption(dryRunOption())
      .addHelpText('after', examples('member restore 2f3ae1d6-8b2c-4f5e-9d0a-6c1b7e4a9f10 --version 17'))
      .action((id: UserId, options: Options) => this.run(id, options));
  }

  private async run(id: UserId, { version, unbound, dryRun }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const members = context.get(MemberKeys);
      const { replaced } = await members.history(id);
      if (replaced.length === 0) throw new MemberUnknown(id);
      await loadRing(context);
      const outcome = await members.restore(id, version, { unbound, dryRun });
      await this.output.result({ member: id, version, outcome, dryRun }, () => {
        if (outcome === 'same') return `The member ${id} has the key of version ${version} already.`;
        return dryRun
          ? `The key of version ${version} opens, and would be given back to the member ${id}.`
          : `The member ${id} has the key of version ${version} again. What it replaced is in their history.`;
      });
    });
  }
}

function versionOf(text: string): number {
  const version = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(version)) throw new InvalidArgumentError('It must be a number.');
  return version;
}
