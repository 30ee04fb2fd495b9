import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Answers, DatabaseKind } from './answers.js';

/** The files of a first configuration; the key file's bytes come later. */
export interface Configuration {
  /** As the files give them: path with `__`, value. */
  readonly settings: Readonly<Record<string, string>>;
  /** Files with text, by name. */
  readonly texts: Readonly<Record<string, string>>;
  /** The password of the certificate that is to be made, in the file {@link keyFile}. */
  readonly newCertificatePassword: string | undefined;
}

export const configFile = 'config.yaml';
export const keyFile = 'bwkc.pfx';
export const passwordFile = 'certificate-password';
const connectionFile = 'database-connection-string';
const sqliteFile = 'keys.db';

const connectionSettings: Readonly<Record<Exclude<DatabaseKind, 'sqlite'>, string>> = {
  postgresql: 'postgreSqlConnectionString',
  mysql: 'mySqlConnectionString',
  sqlserver: 'sqlServerConnectionString',
};

/**
 * What the answers come to.
 *
 * @param place the folder as the service sees it: in a container, where it is mounted.
 * @param others settings that were given by name, which count before the answers.
 */
export function configurationOf(
  answers: Answers,
  place: string,
  others: Readonly<Record<string, string>>,
): Configuration {
  const { webVault, identity, database, connectionString, key } = answers;
  const newCertificatePassword = key.kind === 'made' ? randomBytes(24).toString('base64url') : undefined;
  const password = key.kind === 'file' ? key.password : newCertificatePassword;
  const ofKey = {
    rsaKey__provider: 'certificate',
    certificate__provider: 'filesystem',
    certificate__filesystemPath: key.kind === 'file' ? key.path : join(place, keyFile),
    ...(password !== undefined && { certificate__filesystemPassword_FILE: join(place, passwordFile) }),
  };
  const settings = {
    webVaultUri: webVault,
    identityServerUri: identity,
    database__provider: database,
    ...(database === 'sqlite'
      ? { database__sqliteConnectionString: `Data Source=${join(place, sqliteFile)}` }
      : { [`database__${connectionSettings[database]}_FILE`]: join(place, connectionFile) }),
    ...(key.kind !== 'elsewhere' && ofKey),
    ...others,
  };
  return {
    settings,
    texts: {
      [configFile]: yamlOf(settings),
      ...(connectionString !== undefined && { [connectionFile]: `${connectionString}\n` }),
      ...(password !== undefined && { [passwordFile]: `${password}\n` }),
    },
    newCertificatePassword,
  };
}

interface Tree {
  [name: string]: Tree | string;
}

/** A tree of texts, as the YAML file of the service is read. */
function yamlOf(settings: Readonly<Record<string, string>>): string {
  const tree: Tree = {};
  for (const [name, value] of Object.entries(settings)) {
    const path = name.split('__');
    const branch = path.slice(0, -1).reduce<Tree>((parent, part) => (parent[part] ??= {}) as Tree, tree);
    branch[path.at(-1) ?? ''] = value;
  }
  return `# docs/reference/settings.md has every setting; "key-connector config check" reads this file.\n${stringify({ keyConnectorSettings: tree })}`;
}
