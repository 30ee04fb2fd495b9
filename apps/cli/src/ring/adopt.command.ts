import { pinOf } from '@key-connector/key-ring';
import { type Adoption, RingAdoption } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { CommandFailed } from '../terminal/command.errors.js';
import { Confirmation, dryRunOption, yesOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

interface Options {
  readonly above: number;
  readonly identity: boolean;
  readonly dataKeys?: readonly number[];
  readonly unopened: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

@Injectable()
export class AdoptRingCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly confirmation: Confirmation,
  ) {
    super();
  }

  define(): Command {
    return new Command('adopt')
      .description(
        'make a manifest for a database that has none that counts: one of an older version, a classic one that is not ' +
          'taken over without a word, or one whose RingManifests was lost. Opens every value first',
      )
      .addOption(
        new Option('--above <version>', 'a version of the manifest that was seen somewhere: the new one is above it')
          .argParser(wholeNumber)
          .default(0),
      )
      .addOption(
        new Option('--identity', 'keep the identity of DataKeyWrappings: only RingManifests was lost').default(false),
      )
      .addOption(
        new Option(
          '--data-keys <ids>',
          'the data keys to take over, such as 0,1; otherwise those that values need',
        ).argParser(wholeNumbers),
      )
      .addOption(
        new Option('--unopened <count>', 'go on although exactly so many values do not open')
          .argParser(wholeNumber)
          .default(0),
      )
      .addOption(dryRunOption())
      .addOption(yesOption())
      .addHelpText('after', examples('ring adopt --dry-run', 'ring adopt', 'ring adopt --identity --above 7'))
      .action((options: Options) => this.run(options));
  }

  private async run({ unopened, dryRun, yes, ...options }: Options): Promise<void> {
    await this.deployment.useConnected({ dryRun }, async (context) => {
      const rings = context.get(RingAdoption);
      const adoption = await rings.look(options);
      if (dryRun) {
        await this.output.result({ dryRun, ...documentOf(adoption) }, () => textOf(adoption));
        if (adoption.unopened !== unopened) this.output.endAs('damaged');
        return;
      }
      requireOpened(adoption, unopened);
      const ids = adoption.dataKeys.map(({ id }) => id).join(',');
      if (yes && !adoption.classic && options.dataKeys === undefined)
        throw new CommandFailed('refused', 'NOT_CONFIRMED', `Name the data keys to take over: --data-keys ${ids}.`);
      if (!yes) this.output.note(await textOf(adoption));
      await this.confirmation.of({ what: whatOf(adoption), word: ids === '' ? 'none' : ids, yes });
      const held = await rings.adopt(adoption);
      const { manifest } = held;
      const pin = pinOf(held);
      const document = { ...documentOf(adoption), manifestVersion: held.version, layout: manifest.layout, pin };
      await this.output.result(document, () =>
        [
          `The ring is ${manifest.ring} (manifest version ${held.version}, layout ${manifest.layout}).`,
          `Set keyRing__identity to ${pin} on every replica, and start them.`,
          ...(adoption.classic
            ? []
            : [
                `Values are written under data key ${manifest.activeDataKeyId}, which is new: key-connector data-key reencrypt moves the others to it.`,
              ]),
          'Only the key-encryption key of these settings is listed: add others, and recovery keys, anew.',
        ].join('\n'),
      );
    });
  }
}

const documentOf = ({ classic, dataKeys, leftOut, unopened, members }: Adoption): object => ({
  ...{ classic, dataKeys, leftOut, unopened, members },
});

async function textOf({ classic, dataKeys, leftOut, unopened, members, replaced }: Adoption): Promise<string> {
  const rows = dataKeys.map(({ id, values }) => [id, values] as const);
  return [
    classic
      ? 'A classic deployment, which goes on as one.'
      : 'A new data key is made and written with; these only open:',
    await table(['data key', 'values that need it'], rows),
    ...(leftOut.length === 0 ? [] : [`Left out, nothing needs them or they do not open: ${leftOut.join(', ')}`]),
    ...(replaced.length === 0 ? [] : [`${replaced.length} rows of RingManifests do not count and are deleted.`]),
    ...(unopened === 0 ? [] : [`${unopened} values do not open:`, ...members]),
  ].join('\n');
}

const whatOf = ({ classic, options }: Adoption): string =>
  [
    options.identity
      ? 'Signs a manifest under the identity that is there.'
      : 'Makes a new identity, and signs a manifest.',
    'No older version of this service may run on this database from now on, and no replica may run while this is done.',
    classic
      ? ''
      : 'Whoever could write to the database may have put a data key there: take over none that you do not know.',
  ]
    .filter(Boolean)
    .join(' ');

function requireOpened({ unopened, members }: Adoption, expected: number): void {
  if (unopened === expected) return;
  throw new CommandFailed(
    'damaged',
    'USER_KEY_UNREADABLE',
    `${unopened} values do not open. Restore those rows from a backup, or go on without them by --unopened ${unopened}. Nothing was ` +
      `changed. They belong to:\n${members.join('\n')}`,
  );
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function wholeNumbers(text: string): readonly number[] {
  if (!/^\d{1,10}(,\d{1,10})*$/.test(text)) throw new InvalidArgumentError('Ids of data keys, such as 0,1.');
  return text.split(',').map(Number);
}
