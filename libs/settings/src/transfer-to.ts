import { text } from '@key-connector/common';
import { certificateSettingsSchema, rsaKeySettingsSchema } from '@key-connector/crypto-providers';
import { databaseSettingsSchema } from '@key-connector/database';
import { z } from 'zod';

import type { Resolved } from './choose-value.js';
import { knownSettings } from './known-setting.js';
import { type Problem, settingProblem } from './problem.js';

const transferToSchema = z.strictObject({
  lockfilePath: text('The file that marks a finished transfer.').optional(),
  database: databaseSettingsSchema,
  rsaKey: rsaKeySettingsSchema,
  certificate: certificateSettingsSchema,
});

/** `transferTo__*`: the target of a transfer, with the same settings as the source. */
export const transferToSettings = knownSettings(transferToSchema, ['transferTo']);

/** Refuses every setting of a transfer by name: a start that ignored them would leave keys where they are. */
export const refuseTransfer = (values: readonly Resolved[]): Problem[] =>
  values
    .filter(({ setting }) => transferToSettings.includes(setting))
    .map(({ setting, source }) =>
      settingProblem(
        setting.path,
        'is known, but moving keys is not built yet; remove every transferTo__ setting',
        source,
      ),
    );
