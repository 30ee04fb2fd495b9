import { flag, integer } from '@key-connector/common';
import { z } from 'zod';

/** `userKeys__*`: how members' keys are served. */
export const userKeysSettingsSchema = z.strictObject({
  recordAccessDates: flag('Keep when each member’s key was last read (LastAccessDate).').default(true),
  accessFlushMilliseconds: integer('Longest time that a last-access date stays in memory before it is written.', {
    min: 10,
    max: 1000,
  }).default(1000),
});

/** `userKeys__*` as the schema gives it: the options of `UserKeysModule`. */
export type UserKeysSettings = z.output<typeof userKeysSettingsSchema>;
