import { version } from '@key-connector/common';
import { Injectable, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Command } from 'commander';
import { configGroup } from './config/index.js';
import { dataKeyGroup } from './data-key/index.js';
import { Deployment } from './deployment/deployment.js';
import { DoctorCommand } from './doctor/doctor.command.js';
import { HealthCommand } from './health/health.command.js';
import { importGroup } from './import/index.js';
import { kekGroup } from './kek/index.js';
import { InitCommand } from './init/init.command.js';
import { layoutGroup } from './layout/index.js';
import { memberGroup } from './member/index.js';
import { migrationsGroup } from './migrations/index.js';
import type { CommandGroup, OperatorCommand } from './operator-command.js';
import { recoveryGroup } from './recovery/index.js';
import { ringGroup } from './ring/index.js';
import { StatusCommand } from './status/status.command.js';
import { exitCodes } from './terminal/exit-codes.js';
import { Output } from './terminal/output.js';

/** Every command; a group is added by its folder and its line here. */
export const groups: readonly CommandGroup[] = [
  configGroup,
  dataKeyGroup,
  importGroup,
  kekGroup,
  layoutGroup,
  memberGroup,
  migrationsGroup,
  recoveryGroup,
  ringGroup,
];

/** Commands that stand by themselves. */
export const single: readonly Type<OperatorCommand>[] = [InitCommand, DoctorCommand, HealthCommand, StatusCommand];

const help = `
Settings are the service’s own: the same environment variables (keyConnectorSettings__…), env files
(KEY_CONNECTOR_ENV_FILE) and YAML file (KEY_CONNECTOR_CONFIG). Results go to standard output, warnings, errors,
questions and progress to standard error. The exit code is 0, or says what kind of failure it was:
${table(exitCodes)}`;

function table(codes: Readonly<Record<string, number>>): string {
  return Object.entries(codes)
    .map(([kind, code]) => `  ${String(code).padStart(3)}  ${kind}`)
    .join('\n');
}

interface Options {
  readonly dockerEnvFile?: readonly string[];
}

const collect = (path: string, before: readonly string[] = []): readonly string[] => [...before, path];

/** `key-connector`, whatever path it was started by. */
@Injectable()
export class Program {
  constructor(
    private readonly commands: ModuleRef,
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {}

  /**
   * Runs the command that the arguments of this process name. Throws `CommanderError` for mistakes in the line, and for
   * help.
   */
  async run(): Promise<void> {
    const program = new Command('key-connector')
      .description('Commands for the operators of a Key Connector.')
      // Node looks for its own --env-file behind the script too, and would read a pipe before this program does.
      .option('--docker-env-file <path>', 'read settings from an env file as Docker does; may be repeated', collect)
      .option('--json', 'print the result, or the error, as one JSON document on standard output')
      // Before anything can be wrong with the line.
      .on('option:json', () => (this.output.json = true))
      .configureHelp({ showGlobalOptions: true })
      .exitOverride()
      .hook('preAction', (command) => {
        this.deployment.envFiles = command.opts<Options>().dockerEnvFile;
      })
      .addHelpText('after', help);
    // Options of the program are taken behind a command too, where `--version` may be the command's own.
    if (!groups.some(({ name }) => process.argv.includes(name))) program.version(version);
    for (const group of groups) program.addCommand(this.define(group, program));
    for (const type of single) program.addCommand(this.commandOf(type, program));
    await program.parseAsync();
  }

  private define({ name, description, commands }: CommandGroup, program: Command): Command {
    const command = new Command(name).description(description).copyInheritedSettings(program);
    for (const type of commands) command.addCommand(this.commandOf(type, program));
    return command;
  }

  private commandOf(type: Type<OperatorCommand>, program: Command): Command {
    return this.commands.get(type).define().copyInheritedSettings(program);
  }
}
