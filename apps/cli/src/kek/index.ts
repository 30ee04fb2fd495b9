import type { CommandGroup } from '../operator-command.js';
import { AddKekCommand } from './add.command.js';
import { ListKeksCommand } from './list.command.js';
import { RemoveKekCommand } from './remove.command.js';

/** `key-connector kek …` */
export const kekGroup: CommandGroup = {
  name: 'kek',
  description: 'the key-encryption keys that wrap the data keys: move to another certificate, cloud, Vault or HSM',
  commands: [ListKeksCommand, AddKekCommand, RemoveKekCommand],
};
