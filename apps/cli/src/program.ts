import { version } from '@key-connector/common';
import { Injectable, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Command } from 'commander';
import { HealthCommand } from './health/health.command.js';
import { importGroup } from './import/index.js';
import { migrationsGroup } from './migrations/index.js';
import type { CommandGroup, OperatorCommand } from './operator-command.js';

/** Every command; a group is added by its folder and its line here. */
export const groups: readonly CommandGroup[] = [importGroup, migrationsGroup];

/** Commands that stand by themselves. */
export const single: readonly Type<OperatorCommand>[] = [HealthCommand];

const help = `
Settings are the service’s own: the same environment variables (keyConnectorSettings__…) and
YAML file (KEY_CONNECTOR_CONFIG). Results go to standard output, warnings and errors to standard
error; the exit code is 0, or 1 when something failed.`;

/** `key-connector`, whatever path it was started by. */
@Injectable()
export class Program {
  constructor(private readonly commands: ModuleRef) {}

  /** Runs the command that the arguments of this process name; help and mistakes in the line end the process. */
  async run(): Promise<void> {
    const program = new Command('key-connector')
      .description('Commands for the operators of a Key Connector.')
      .version(version)
      .addHelpText('after', help);
    for (const group of groups) program.addCommand(this.define(group));
    for (const type of single) program.addCommand(this.commands.get(type).define());
    await program.parseAsync();
  }

  private define({ name, description, commands }: CommandGroup): Command {
    const command = new Command(name).description(description);
    for (const type of commands) command.addCommand(this.commands.get(type).define());
    return command;
  }
}
