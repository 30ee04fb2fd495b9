import type { CommandGroup } from '../operator-command.js';
import { CheckConfigCommand } from './check.command.js';
import { PrintConfigCommand } from './print.command.js';

/** `key-connector config …` */
export const configGroup: CommandGroup = {
  name: 'config',
  description: 'look at the settings, without a database or a key provider',
  commands: [CheckConfigCommand, PrintConfigCommand],
};
