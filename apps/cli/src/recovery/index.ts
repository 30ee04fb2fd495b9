import type { CommandGroup } from '../operator-command.js';
import { VerifyShareCommand } from './verify-share.command.js';

/** `key-connector recovery …` */
export const recoveryGroup: CommandGroup = {
  name: 'recovery',
  description: 'keys that open everything on the day the key provider is gone for good',
  commands: [VerifyShareCommand],
};
