import type { CommandGroup } from '../operator-command.js';
import { AdoptRingCommand } from './adopt.command.js';
import { RekeyRingCommand } from './rekey.command.js';
import { ShowRingCommand } from './show.command.js';

/** `key-connector ring …` */
export const ringGroup: CommandGroup = {
  name: 'ring',
  description: 'the ring of data keys as a whole: its fingerprint, its manifest, its identity',
  commands: [ShowRingCommand, AdoptRingCommand, RekeyRingCommand],
};
