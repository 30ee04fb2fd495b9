import type { CommandGroup } from '../operator-command.js';
import { PrintMigrationsCommand } from './print.command.js';
import { RunMigrationsCommand } from './run.command.js';

/** `key-connector migrations …` */
export const migrationsGroup: CommandGroup = {
  name: 'migrations',
  description: 'create and update the tables, for those who do not leave that to the service',
  commands: [PrintMigrationsCommand, RunMigrationsCommand],
};
