import type { CommandGroup } from '../operator-command.js';
import { DowngradeLayoutCommand } from './downgrade.command.js';
import { UpgradeLayoutCommand } from './upgrade.command.js';

/** `key-connector layout …` */
export const layoutGroup: CommandGroup = {
  name: 'layout',
  description: 'how values are written: tied to their members, or as the official server reads them',
  commands: [UpgradeLayoutCommand, DowngradeLayoutCommand],
};
