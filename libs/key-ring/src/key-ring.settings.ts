import { choice, integer } from '@key-connector/common';
import { z } from 'zod';

/** `keyRing__*`: how user keys are written. */
export const keyRingSettingsSchema = z.strictObject({
  valueLayout: choice(
    'How user keys are written. `classic`: as an existing deployment does, so that its own software can still read them. ' +
      '`bound`: each value tied to its user; classic values are still read, until a start finds none. `boundOnly`: classic values are refused. ' +
      '`auto`: `classic` on a classic deployment’s database, `bound` once it has got a newer data key, `boundOnly` on a new one.',
    ['auto', 'classic', 'bound', 'boundOnly'],
  ).default('auto'),
  providerCheckSeconds: integer(
    'Between two background checks that the key provider still opens a data key. No request waits for them.',
    { min: 1, max: 86_400 },
  ).default(300),
});

/** `keyRing__*` as the schema gives it: the options of `KeyRingModule`. */
export type KeyRingSettings = z.output<typeof keyRingSettingsSchema>;
