import { type PrintedSetting, printSettings } from '@key-connector/settings';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { table } from '../terminal/table.js';

interface Options {
  readonly given?: boolean;
}

@Injectable()
export class PrintConfigCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('print')
      .description('print every setting that counts, and where its value came from; *** stands for a secret')
      .option('--given', 'leave the defaults out')
      .addHelpText('after', examples('config print', 'config print --given', 'config print --json'))
      .action((options: Options) => this.run(options));
  }

  private async run({ given = false }: Options): Promise<void> {
    const { settings, problems } = await printSettings(undefined, this.deployment.envFiles);
    const shown = settings.filter(({ from }) => !given || from !== 'default');
    await this.output.result({ settings: shown, problems }, () =>
      table(
        ['setting', 'value', 'from'],
        shown.map((setting) => [setting.name, valueOf(setting), whereOf(setting)]),
      ),
    );
    if (problems.length === 0) return;
    this.output.note(
      `${problems.length} more could not be understood, and nothing of them is shown: "config check" says why.`,
    );
    this.output.endAs('settings');
  }
}

const valueOf = ({ value }: PrintedSetting): string => {
  if (value === null) return '(cannot be used: not shown)';
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value);
};

const whereOf = ({ from, file, unused }: PrintedSetting): string =>
  [
    from,
    ...(file === undefined ? [] : [`in ${file}`]),
    ...(unused ? ['not used: another provider is chosen'] : []),
  ].join('; ');
