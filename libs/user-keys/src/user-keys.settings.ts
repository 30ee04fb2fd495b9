import { flag, integer } from '@key-connector/common';
import { z } from 'zod';

/** `userKeys__*`: how members' keys are served. */
export const userKeysSettingsSchema = z.strictObject({
  recordAccessDates: flag('Keep when each member’s key was last read (LastAccessDate).').default(true),
  accessFlushMilliseconds: integer(
    'How often last-access dates are written, each the end of the interval in which the member was served.',
    { min: 10, max: 1000 },
  ).default(50),
});

/** `userKeys__*` as the schema gives it: the options of `UserKeysModule`. */
export type UserKeysSettings = z.output<typeof userKeysSettingsSchema>;
