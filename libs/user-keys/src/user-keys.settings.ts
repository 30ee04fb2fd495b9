import { flag, integer } from '@key-connector/common';
import { z } from 'zod';

/** `userKeys__*`: how members' keys are served. */
export const userKeysSettingsSchema = z.strictObject({
  recordAccessDates: flag('Keep when each member’s key was last read (LastAccessDate).').default(true),
  accessResolutionSeconds: integer(
    'How old a member’s stored last-access date must be before a read writes it anew. 0: every read writes it.',
    { min: 0, max: 86_400 },
  ).default(60),
  accessFlushMilliseconds: integer(
    'How long after a read its last-access date is written, at the latest; members who are read meanwhile share the statement and its time.',
    { min: 10, max: 1000 },
  ).default(1000),
  replaceGuardMinutes: integer(
    'How long a member’s key, once stored, is not replaced by another one (PUT is answered 400): it keeps the first key when two devices of a new member enrol. 0: never refuse.',
    { min: 0, max: 1440 },
  ).default(15),
  keepReplacedDays: integer(
    'How long a member’s key is kept, sealed, after another one has replaced it or an operator has deleted it: until then `member restore` brings it back. 0: what members replace is not kept from then on, and what is there stays.',
    { min: 0, max: 3650 },
  ).default(90),
});

/** `userKeys__*` as the schema gives it: the options of `UserKeysModule`. */
export type UserKeysSettings = z.output<typeof userKeysSettingsSchema>;
