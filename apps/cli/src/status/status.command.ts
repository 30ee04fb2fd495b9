import { Database } from '@key-connector/database';
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
    await this.deployment.look(async (context) => {
      const database = context.get(Database, { strict: false });
      await database.connect();
      const facts = await context.get(RingLook, { strict: false }).stored();
      const { description } = database;
      await this.output.result({ database: description, ...facts }, () => textOf(description, facts));
    });
  }
}

async function textOf(database: string, facts: StoredFacts): Promise<string> {
  const { manifest, dataKeys, classicKey, members, bound, lastAccess } = facts;
  const { held } = manifest;
  const lines = await table(
    ['', ''],
    [
      ['database', database],
      ['ring', held === undefined ? 'no manifest yet' : `${held.ring}, version ${held.version}`],
      ['layout', held?.layout],
      ['members', `${members}: ${bound} bound, ${members - bound} classic`],
      ['last access', lastAccess?.toISOString()],
      ['classic key', classicKey ? 'is there, for classic software' : 'none'],
    ],
  );
  const keks = held?.keks.map(({ id, role }): [string, string] => [id, role]) ?? [];
  return [
    lines.trimStart(),
    await table(
      ['data key', 'state', 'wrapped under', 'algorithm', 'reference'],
      dataKeys.flatMap(({ id, wrappings }) =>
        wrappings.map(({ kekId, algorithm, keyReference }) => [id, stateOf(id, facts), kekId, algorithm, keyReference]),
      ),
    ),
    ...(keks.length === 0 ? [] : [await table(['key-encryption key', 'role'], keks)]),
  ].join('\n\n');
}

/** Without a manifest the newest data key is the one that is written with. */
function stateOf(id: number, { manifest: { held }, dataKeys }: StoredFacts): string {
  if (held?.dropped.includes(id)) return 'dropped';
  const active = held?.activeDataKeyId ?? Math.max(...dataKeys.map((one) => one.id));
  return id === active ? 'active' : 'open';
}
