import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@key-connector/common';
import { type Settings, SettingsInvalid, startWarnings } from '@key-connector/settings';
import { Injectable } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Interruption } from '../terminal/interruption.js';
import { Output } from '../terminal/output.js';
import { ProgressReport } from '../terminal/progress.js';
import { type Check, type Finding, ok, problem, warning } from './check.js';
import { clockCheck } from './checks/clock.js';
import { databaseCheck } from './checks/database.js';
import { filesCheck } from './checks/files.js';
import { issuerCheck } from './checks/issuer.js';
import { keyProviderCheck } from './checks/key-provider.js';
import { publicUrlCheck } from './checks/public-url.js';
import { ringCheck } from './checks/ring.js';
import { valuesCheck } from './checks/values.js';
import { type DoctorOptions, Examined } from './examined.js';

/** Every check but that of the settings, which the others stand on; one is added by its file and its line here. */
const checks: readonly Check[] = [
  filesCheck,
  databaseCheck,
  clockCheck,
  issuerCheck,
  keyProviderCheck,
  ringCheck,
  valuesCheck,
  publicUrlCheck,
];

/** A finding, and which check it is of. */
type Found = Finding & { readonly check: string };

interface Options {
  readonly all?: boolean;
  readonly publicUrl?: URL;
}

@Injectable()
export class DoctorCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
    private readonly progress: ProgressReport,
    private readonly interruption: Interruption,
  ) {
    super();
  }

  define(): Command {
    return new Command('doctor')
      .description('look at everything that a deployment needs, change nothing, and say what is wrong and what to do')
      .option('--all', 'open every member’s value, not only the newest 100')
      .option('--public-url <url>', 'where members’ clients reach the service, through the proxy', urlOf)
      .addHelpText(
        'after',
        examples('doctor', 'doctor --public-url https://vault.example/key-connector', 'doctor --all --json'),
      )
      .action((options: Options) => this.run(options));
  }

  private async run({ all = false, publicUrl }: Options): Promise<void> {
    const found = await this.interruption.during(
      (signal) => this.examine({ all, publicUrl }, signal),
      'Nothing was changed.',
    );
    const count = (level: Finding['level']): number => found.filter((finding) => finding.level === level).length;
    const [problems, warnings] = [count('problem'), count('warning')];
    await this.output.result({ problems, warnings, findings: found }, () =>
      [...found.map(lineOf), `${problems} problems, ${warnings} warnings.`].join('\n'),
    );
    if (problems > 0) this.output.endAs('problems found');
  }

  private async examine(options: DoctorOptions, signal: AbortSignal): Promise<Found[]> {
    let settings: Settings;
    try {
      settings = await this.deployment.settings();
    } catch (error) {
      if (!(error instanceof SettingsInvalid)) throw error;
      const faults = error.problems.map(({ name, rule, where }) => problem(`${name}: ${rule} (${where}).`));
      return [...faults, warning('Nothing else was looked at.', 'Mend the settings, and run doctor again.')].map(
        (finding) => ({ check: 'settings', ...finding }),
      );
    }
    const weak = (await startWarnings(settings)).map((what) => warning(what, 'See docs/operations.md.'));
    const ofSettings = [ok('The settings are valid.'), ...weak].map((finding) => ({ check: 'settings', ...finding }));
    const others = await this.deployment.look(async (context) => {
      const examined = new Examined(settings, this.deployment.envFiles, options, this.progress, signal, context);
      return (await Promise.all(checks.map((check) => findingsOf(check, examined)))).flat();
    });
    signal.throwIfAborted();
    return [...ofSettings, ...others];
  }
}

/** Whatever becomes of a check, the others are told too. */
async function findingsOf(check: Check, examined: Examined): Promise<Found[]> {
  try {
    return (await untilTold(check, examined)).map((finding) => ({ check: check.name, ...finding }));
  } catch (error) {
    return [{ check: check.name, ...problem(messageOf(error)) }];
  }
}

/** A peer that never answers must not keep the others’ answers back; and Ctrl-C waits for nobody. */
async function untilTold(check: Check, examined: Examined): Promise<readonly Finding[]> {
  const { signal } = examined;
  const seconds = check.secondsAtMost ?? 60;
  const over = new AbortController();
  const deadline = sleep(seconds * 1000, [problem(`It had not ended after ${seconds} s: something does not answer.`)], {
    signal: AbortSignal.any([signal, over.signal]),
  });
  try {
    return await Promise.race([check.run(examined), deadline]);
  } finally {
    over.abort();
  }
}

function lineOf({ level, check, what, remedy }: Found): string {
  const line = `${level.padEnd(8)} ${check}: ${what}`;
  return remedy === undefined ? line : `${line}\n${' '.repeat(9)}→ ${remedy}`;
}

function urlOf(given: string): URL {
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It must be an http(s) URL without user name and password.');
  return url;
}
