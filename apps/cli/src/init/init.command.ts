import { join, resolve } from 'node:path';
import { makeKeyFile } from '@key-connector/crypto-providers';
import { assertSettings, catalogue } from '@key-connector/settings';
import { Injectable } from '@nestjs/common';
import { Command, InvalidArgumentError, Option } from 'commander';
import { examples, OperatorCommand } from '../operator-command.js';
import { dryRunOption } from '../terminal/confirmation.js';
import { Output } from '../terminal/output.js';
import { Questions } from '../terminal/questions.js';
import { answersOf, databaseKinds, type Given, urlOption } from './answers.js';
import { type Configuration, configFile, configurationOf, keyFile, passwordFile } from './configuration.js';
import { assertNone, writeNewFiles } from './new-files.js';

interface Options extends Omit<Given, 'isKeyElsewhere'> {
  readonly directory: string;
  readonly mountedAt?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
}

@Injectable()
export class InitCommand extends OperatorCommand {
  constructor(
    private readonly questions: Questions,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('init')
      .description(
        'write a first configuration: what the options leave out is asked at a terminal; nothing is ever overwritten',
      )
      .option('--directory <path>', 'the folder that the files go into', '/etc/key-connector')
      .option('--mounted-at <path>', 'where a container sees that folder; the same path when left out')
      .option('--web-vault <url>', 'where members open the web vault', urlOption)
      .option('--identity <url>', 'the identity server, as seen from the service', urlOption)
      .addOption(new Option('--database <kind>', 'where members’ keys are kept').choices(databaseKinds))
      .option('--connection-string-file <path>', 'a file with the connection string or URL of the database')
      .addOption(new Option('--make-certificate', 'make the key that wraps the data keys').conflicts('certificate'))
      .option('--certificate <path>', 'use this PKCS#12 or PEM file, by the path that the service has for it')
      .option('--certificate-password-file <path>', 'a file with its password')
      .option('--set <setting=value>', 'any other setting, such as http__port=8443; may be repeated', collectSetting)
      .addOption(dryRunOption())
      .addHelpText(
        'after',
        examples(
          'init',
          'init --directory ./kc --web-vault https://vault.example --identity https://vault.example/identity \\\n' +
            '      --database sqlite --make-certificate',
          'init --directory /srv/kc --mounted-at /etc/key-connector --database postgresql \\\n' +
            '      --connection-string-file ./database.txt --certificate /etc/key-connector/bwkc.pfx',
        ),
      )
      .action((options: Options) => this.run(options));
  }

  private async run({ directory, mountedAt, set = {}, dryRun, ...given }: Options): Promise<void> {
    const folder = resolve(directory);
    // Before anybody answers in vain.
    await assertNone(
      folder,
      [configFile, keyFile, passwordFile].map((name) => ({ name })),
    );
    const isKeyElsewhere =
      (set['rsaKey__provider'] ?? 'certificate') !== 'certificate' || 'certificate__provider' in set;
    const answers = await answersOf({ ...given, isKeyElsewhere }, this.questions);
    const configuration = configurationOf(answers, mountedAt ?? folder, set);
    await assertSettings(withoutFiles(configuration, answers.connectionString));
    const names = await this.write(folder, configuration, dryRun);
    const backUp = configuration.newCertificatePassword === undefined ? [] : [keyFile, passwordFile];
    await this.output.result({ directory: folder, files: names, backUp, written: !dryRun }, () =>
      [
        `${dryRun ? 'Would write' : 'Wrote'} into ${folder}: ${names.join(', ')}.`,
        ...adviceOf(folder, backUp, mountedAt),
      ].join('\n'),
    );
  }

  private async write(
    folder: string,
    { texts, newCertificatePassword }: Configuration,
    dryRun: boolean,
  ): Promise<string[]> {
    const files = Object.entries(texts).map(([name, content]) => ({ name, content }));
    const names = files.map(({ name }) => name);
    const all = newCertificatePassword === undefined ? names : [...names, keyFile];
    await assertNone(
      folder,
      all.map((name) => ({ name })),
    );
    if (dryRun) return all;
    const key = newCertificatePassword === undefined ? undefined : await makeKeyFile(newCertificatePassword);
    try {
      await writeNewFiles(folder, key === undefined ? files : [...files, { name: keyFile, content: key }]);
    } finally {
      key?.fill(0);
    }
    return all;
  }
}

/** The settings with what the files are going to hold, so that all of it is checked before anything is written. */
function withoutFiles(
  { settings, texts }: Configuration,
  connectionString: string | undefined,
): Record<string, string> {
  const entries = Object.entries(settings).map(([name, value]): [string, string] => {
    if (name === 'certificate__filesystemPassword_FILE')
      return ['certificate__filesystemPassword', (texts[passwordFile] ?? '').trimEnd()];
    return name.startsWith('database__') && name.endsWith('_FILE') && connectionString !== undefined
      ? [name.replace(/_FILE$/, ''), connectionString]
      : [name, value];
  });
  return Object.fromEntries(entries);
}

function adviceOf(folder: string, backUp: readonly string[], mountedAt: string | undefined): string[] {
  const file = join(mountedAt ?? folder, configFile);
  return [
    '',
    ...(backUp.length === 0
      ? ['Keep the key file and its password where the database is not: without them every vault is lost.']
      : [
          `BACK UP ${backUp.map((name) => join(folder, name)).join(' and ')} now, where the database is not:`,
          'without them every vault is lost.',
        ]),
    '',
    `Check it:   KEY_CONNECTOR_CONFIG=${file} key-connector config check, then key-connector doctor`,
    `Start it:   with KEY_CONNECTOR_CONFIG=${file}${file === '/etc/key-connector/config.yaml' ? ', which is read anyway' : ''}`,
    'Pin it:     the first start, and "key-connector ring show", print the fingerprint of the ring;',
    '            put it into keyRing__identity, so that nobody who writes to the database can exchange it.',
  ];
}

function collectSetting(given: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^(\w+)=(.+)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('It is <setting>=<value>, such as http__port=8443.');
  if (catalogue.settings.some(({ path, secret }) => secret && path.join('__').toLowerCase() === name.toLowerCase()))
    throw new InvalidArgumentError(
      `${name} is a secret, which every user of this machine could read here: give ${name}_FILE=<path>.`,
    );
  return { ...before, [name]: value };
}
