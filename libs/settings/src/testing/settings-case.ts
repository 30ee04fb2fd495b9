import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Environment } from '../environment.js';
import { loadSettings } from '../load-settings.js';
import { environmentName } from '../names.js';
import { SettingsInvalid } from '../settings.errors.js';

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

/** The lines of the error that these settings cause; none when they load. */
export async function problemLines(environment: Environment): Promise<string[]> {
  try {
    await loadSettings(environment);
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
