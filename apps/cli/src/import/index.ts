import type { CommandGroup } from '../operator-command.js';
import { ImportJsonCommand } from './json.command.js';

/** `key-connector import …` */
export const importGroup: CommandGroup = {
  name: 'import',
  description: 'bring the keys of another store into the database',
  commands: [ImportJsonCommand],
};
