import { KeyConnectorError } from '@key-connector/common';

import type { Problem } from './problem.js';

/** By name, then by place, so that line 9 comes before line 10. */
const order = new Intl.Collator('en', { numeric: true });

const line = ({ name, rule, where }: Problem): string => `  ${name}: ${rule} (${where})`;

/** The settings cannot be used; the message has one line for each problem and never a value. */
export class SettingsInvalid extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor(readonly problems: readonly Problem[]) {
    const lines = [
      ...new Set([...problems].sort((a, b) => order.compare(a.name + a.where, b.name + b.where)).map(line)),
    ];
    const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
    super(`${count} in the settings:\n${lines.join('\n')}`);
  }
}
