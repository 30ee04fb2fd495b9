import type { CommandGroup } from '../operator-command.js';
import { MemberDeleteCommand } from './delete.command.js';
import { MemberHistoryCommand } from './history.command.js';
import { MemberRestoreCommand } from './restore.command.js';

/** `key-connector member …` */
export const memberGroup: CommandGroup = {
  name: 'member',
  description: 'look at one member’s keys, and bring one back',
  commands: [MemberHistoryCommand, MemberRestoreCommand, MemberDeleteCommand],
};
