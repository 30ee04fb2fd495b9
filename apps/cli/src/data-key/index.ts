import type { CommandGroup } from '../operator-command.js';
import { DropDataKeyCommand } from './drop.command.js';
import { ListDataKeysCommand } from './list.command.js';
import { ReencryptCommand } from './reencrypt.command.js';
import { RotateDataKeyCommand } from './rotate.command.js';

/** `key-connector data-key …` */
export const dataKeyGroup: CommandGroup = {
  name: 'data-key',
  description: 'the keys that members’ keys are sealed under: make a new one, seal anew, give up an old one',
  commands: [ListDataKeysCommand, RotateDataKeyCommand, ReencryptCommand, DropDataKeyCommand],
};
