import { resolve } from 'node:path';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');

/** Full settings of a deployment with the classic fixture's certificate, on a database; its issuer is never asked. */
export function cliSettings(database: Readonly<Record<string, string>>): Record<string, string> {
  return { identityServerUri: 'https://identity.invalid', ...keySettings(database) };
}

/** The same without an issuer. */
export function keySettings(database: Readonly<Record<string, string>>): Record<string, string> {
  return {
    rsaKey__provider: 'certificate',
    certificate__provider: 'filesystem',
    certificate__filesystemPath: `${fixtures}/bwkc-aes.pfx`,
    certificate__filesystemPassword: 'fixture-password',
    ...Object.fromEntries(Object.entries(database).map(([name, value]) => [`database__${name}`, value])),
  };
}
