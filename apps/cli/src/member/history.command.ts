import type { UserId } from '@key-connector/common';
import { MemberKeys } from '@key-connector/user-keys';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';
import { memberId } from './member-context.js';

@Injectable()
export class MemberHistoryCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('history')
      .description('show which keys a member had, and when each was replaced or deleted; never a key')
      .argument('<id>', 'the member, by the sub of their tokens', memberId)
      .addHelpText('after', examples('member history 2f3ae1d6-8b2c-4f5e-9d0a-6c1b7e4a9f10'))
      .action((id: UserId) => this.run(id));
  }

  private async run(id: UserId): Promise<void> {
    await this.deployment.lookConnected(async (context) => {
      const { current, replaced } = await context.get(MemberKeys).history(id);
      const document = {
        current: current ?? null,
        replaced: replaced.map(({ id: version, ...entry }) => ({ version, ...entry })),
      };
      await this.output.result(document, () => {
        const now = current === undefined ? [] : [['current', ...timeAndKey(current), undefined, undefined]];
        const before = replaced
          .toReversed()
          .map((entry) => [entry.id, ...timeAndKey(entry), entry.replaced.toISOString(), entry.cause]);
        if (now.length + before.length === 0) return `No key is kept of the member ${id}.`;
        return table(['version', 'since', 'data key', 'until', 'then'], [...now, ...before]);
      });
    });
  }
}

/** A classic value needs data key 0, and no column says so. */
function timeAndKey({
  since,
  dataKeyId,
}: {
  readonly since: Date | null;
  readonly dataKeyId: number | null;
}): string[] {
  return [since?.toISOString() ?? '-', dataKeyId === null ? 'classic' : String(dataKeyId)];
}
