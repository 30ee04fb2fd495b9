import { Command } from 'nest-commander';
import { CommandGroup } from '../command-group.js';
import { PrintMigrationsCommand } from './print.command.js';
import { RunMigrationsCommand } from './run.command.js';

@Command({
  name: 'migrations',
  description: 'create and update the tables, for those who do not leave that to the service',
  subCommands: [PrintMigrationsCommand, RunMigrationsCommand],
})
export class MigrationsCommand extends CommandGroup {}
