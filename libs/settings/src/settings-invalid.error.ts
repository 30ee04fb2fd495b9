import { KeyConnectorError } from '@key-connector/common';

import type { Problem } from './problem.js';

const line = ({ name, rule, where }: Problem): string => `  ${name}: ${rule} (${where})`;

/** The settings cannot be used; the message has one line for each problem and never a value. */
export class SettingsInvalid extends KeyConnectorError {
  readonly code = 'SETTINGS_INVALID';

  constructor(readonly problems: readonly Problem[]) {
    const lines = [...new Set(problems.map(line))].sort();
    const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
    super(`${count} in the settings:\n${lines.join('\n')}`);
  }
}
