import { Database, type GuardedLayout, LayoutGuard } from '@key-connector/database';
import { RingLook, type StoredFacts } from '@key-connector/key-ring';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

@Injectable()
export class StatusCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('status')
      .description('what the database holds: the ring, data keys and their wrappings, layouts, members, last access')
      .addHelpText('after', examples('status', 'status --json'))
      .action(() => this.run());
  }

  private async run(): Promise<void> {
    await this.deployment.lookConnected(async (context) => {
      const database = context.get(Database, { strict: false });
      const facts = await context.get(RingLook, { strict: false }).stored();
      const { description } = database;
      const guard = await context.get(LayoutGuard, { strict: false }).standing();
      await this.output.result({ database: description, ...facts, guard }, () => textOf(description, facts, guard));
    });
  }
}

async function textOf(database: string, facts: StoredFacts, guard: GuardedLayout | undefined): Promise<string> {
  const { manifest, dataKeys, classicKey, members, bound, lastAccess } = facts;
  const { held, isPinned } = manifest;
  const pinned = isPinned ? 'pinned' : 'not pinned';
  const lines = await table(
    ['', ''],
    [
      ['database', database],
      ['ring', held === undefined ? 'no manifest' : `${held.ring}, version ${held.version}, ${pinned}`],
      ['layout', held?.layout],
      ['guard', guard === undefined ? 'the database takes values of any layout' : `the database takes ${guard} alone`],
      ['members', `${members}: ${bound} bound, ${members - bound} classic`],
      ['last access', lastAccess?.toISOString()],
      ['classic key', classicKey ? 'is there, for classic software' : 'none'],
    ],
  );
  if (held === undefined) return lines.trimStart();
  return [
    lines.trimStart(),
    await table(
      ['data key', 'state', 'wrapped under'],
      dataKeys.flatMap(({ id, state, wrappedUnder }) => wrappedUnder.map((kek) => [id, state, kek])),
    ),
    await table(
      ['key-encryption key', 'role', 'reference'],
      held.keks.map(({ id, role, reference }) => [id, role, reference]),
    ),
  ].join('\n\n');
}
