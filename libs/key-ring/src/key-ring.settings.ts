import { choice, integer, list } from '@key-connector/common';
import { z } from 'zod';
import { parseRingPin } from './manifest/ring-pin.js';

/** `keyRing__*`: how user keys are written. */
export const keyRingSettingsSchema = z.strictObject({
  valueLayout: choice(
    'How user keys are written. `classic`: as an existing deployment does, so that its own software can still read them. ' +
      '`bound`: each value tied to its user; classic values are still read, until a start finds none. `boundOnly`: classic values are refused. ' +
      '`auto`: `classic` on a classic deployment’s database, `bound` once it has got a newer data key, `boundOnly` on a new one.',
    ['auto', 'classic', 'bound', 'boundOnly'],
  ).default('auto'),
  identity: list(
    'The ring that this deployment takes for its own, as the line `ready` and `key-connector ring show` print it: `sha256:…`, or ' +
      '`sha256:…@7` with the least version of its manifest to accept. Two while an identity is changed: the old one, then the new one. ' +
      'Without it, whoever deletes or outnumbers what members have in the database can replace the ring.',
  )
    .transform((pins, context) =>
      pins.flatMap((given) => {
        const pin = parseRingPin(given);
        if (pin !== undefined) return [pin];
        context.addIssue({ code: 'custom', message: 'must be sha256: and 64 hex digits, or that and @ and a version' });
        return [];
      }),
    )
    .refine((pins) => pins.length <= 2, { error: 'must not name more than two rings' })
    .refine((pins) => new Set(pins.map(({ fingerprint }) => fingerprint)).size === pins.length, {
      error: 'must not name a ring twice',
    })
    .default([]),
  reloadSeconds: integer(
    'Between two looks for a newer manifest of the ring: after it, every replica writes with a new data key.',
    { min: 1, max: 3600 },
  ).default(5),
  providerCheckSeconds: integer(
    'Between two background checks that the key provider still opens a data key. No request waits for them.',
    { min: 1, max: 86_400 },
  ).default(300),
});

/** `keyRing__*` as the schema gives it: the options of `KeyRingModule`. */
export type KeyRingSettings = z.output<typeof keyRingSettingsSchema>;
