import type { CommandGroup } from '../operator-command.js';
import { AddRecoveryKeyCommand } from './add.command.js';
import { CreateRecoveryKeyCommand } from './create.command.js';
import { DrillCommand } from './drill.command.js';
import { RemoveRecoveryKeyCommand } from './remove.command.js';
import { RestoreCommand } from './restore.command.js';
import { VerifyShareCommand } from './verify-share.command.js';

/** `key-connector recovery …` */
export const recoveryGroup: CommandGroup = {
  name: 'recovery',
  description: 'keys that bring everything back on the day the key provider is gone for good',
  commands: [
    CreateRecoveryKeyCommand,
    AddRecoveryKeyCommand,
    RemoveRecoveryKeyCommand,
    RestoreCommand,
    DrillCommand,
    VerifyShareCommand,
  ],
};
