import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ownCatalogue } from '../catalogue.js';
import type { Environment } from '../environment.js';
import { givenSettings } from '../given-settings.js';
import { environmentName } from '../names.js';
import { readSettings } from '../read-settings.js';
import type { Settings } from '../settings.js';
import { SettingsInvalid } from '../settings-invalid.error.js';

/** The fewest settings that a service starts with. */
export const enough: Environment = {
  keyConnectorSettings__identityServerUri: 'https://vault.example/identity',
  keyConnectorSettings__database__provider: 'sqlite',
  keyConnectorSettings__database__sqliteConnectionString: 'Data Source=/srv/keys.db',
  keyConnectorSettings__certificate__filesystemPath: '/srv/bwkc.pfx',
};

/** The environment variable of `database__provider`. */
export const nameOf = (setting: string): string => environmentName(setting.split('__'));

/** {@link enough} settings, and these. */
export const enoughAnd = (settings: Readonly<Record<string, string>>): Environment => ({
  ...enough,
  ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [nameOf(name), value])),
});

/** The settings that these variables give; no package is loaded. */
export const settingsOf = (environment: Environment): Settings =>
  readSettings(givenSettings(environment), ownCatalogue);

/** The lines of the error that these settings cause; none when they load. */
export function problemLines(environment: Environment): string[] {
  try {
    settingsOf(environment);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsInvalid)) throw error;
    return error.message.split('\n').slice(1);
  }
}

/** A folder for one spec's files. */
export class SpecFolder {
  private readonly path = mkdtempSync(join(tmpdir(), 'key-connector-settings-'));

  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): string {
    const file = this.pathOf(name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
