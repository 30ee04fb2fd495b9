import { Database, type GuardedLayout, LayoutGuard } from '@key-connector/database';
import { RingLook, type StoredFacts } from '@key-connector/key-ring';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

/** What is stored, and how far a rotation is. */
interface Facts extends StoredFacts {
  /** `null` where there is no manifest. */
  readonly notUnderActive: number | null;
}

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
      const ring = context.get(RingLook, { strict: false });
      const facts = await ring.stored();
      const notUnderActive = (await ring.notUnderActive()) ?? null;
      const { description } = database;
      const guard = await context.get(LayoutGuard, { strict: false }).standing();
      await this.output.result({ database: description, ...facts, notUnderActive, guard }, () =>
        textOf(description, { ...facts, notUnderActive }, guard),
      );
    });
  }
}

async function textOf(database: string, facts: Facts, guard: GuardedLayout | undefined): Promise<string> {
  const { manifest, dataKeys, classicKey, members, bound, lastAccess, notUnderActive } = facts;
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
      ['rotation', rotationOf(notUnderActive)],
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

function rotationOf(notUnderActive: number | null): string | undefined {
  if (notUnderActive === null) return undefined;
  return notUnderActive === 0
    ? 'every value is under the active data key'
    : `${notUnderActive} values, the history’s too, are not under the active data key: run data-key reencrypt`;
}
