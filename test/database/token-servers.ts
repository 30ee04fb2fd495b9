import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { tlsCertificate } from '../lab/files/certificate.js';
import { ownsMariadb, mysqlReason, startMariadb } from '../lab/databases/mariadb.server.js';
import { ownsPostgres, startPostgres } from '../lab/databases/postgres.server.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import { installedTool } from '../lab/packages/tools.js';
import { giveToUnprivileged, giveTreeToUnprivileged } from '../lab/processes/command-line.js';

/** A server that takes one token at a time as the password of its user `keeper`, on encrypted connections only. */
export interface TokenServer {
  readonly port: number;
  /** `database__*` settings that lead to it, but for the identity. */
  readonly settings: Readonly<Record<string, string>>;
  /** SQL that gives the user's name as `me`. */
  readonly whoAmI: string;
  /** What it says of another token. */
  readonly refusal: RegExp;
  /** From now on this token is the one. */
  accept(token: string): Promise<unknown>;
  /** Cuts every connection of the user, so that the next statement needs a new one. */
  cut(): Promise<unknown>;
  stop(): Promise<void>;
}

/** A kind of such servers, and whether there is one here. */
export interface TokenKind {
  readonly name: string;
  readonly here: boolean;
  readonly reason: string;
  readonly start: () => Promise<TokenServer>;
}

const pam = installedTool('mariadb-pam');
const isRoot = process.getuid?.() === 0;

/** Each asks for the token as the managed servers of the clouds do: for a password, as it is, inside of TLS. */
export const postgresqlTokens: TokenKind = {
  name: 'PostgreSQL',
  here: ownsPostgres,
  reason: 'TEST_POSTGRES_URL names a server whose logins are not ours to set',
  start: async () => {
    const files = await serverFiles({ 'hba.conf': 'host all postgres all trust\nhostssl all keeper all password\n' });
    const server = await startPostgres({
      parameters: {
        ssl: 'on',
        ssl_cert_file: files.path('server.pem'),
        ssl_key_file: files.path('server.key'),
        hba_file: files.path('hba.conf'),
      },
    });
    await server.query('CREATE ROLE keeper LOGIN; ALTER DATABASE keys OWNER TO keeper');
    const tls = `SSL Mode=VerifyFull;Root Certificate=${files.path('ca.pem')}`;
    return {
      port: server.port,
      settings: {
        provider: 'postgresql',
        postgreSqlConnectionString: `Host=localhost;Port=${server.port};Database=keys;Username=keeper;${tls}`,
      },
      whoAmI: 'SELECT current_user AS me',
      refusal: /password authentication failed for user "keeper"/,
      accept: (token) => server.query(`ALTER ROLE keeper PASSWORD '${token}'`),
      cut: () => server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'`),
      stop: async () => {
        await server.stop();
        await files.remove();
      },
    };
  },
};

/** The server's PAM plugin asks through mysql_clear_password, as RDS does, and pam_exec looks at what comes. */
export const mariadbTokens: TokenKind = {
  name: 'MariaDB',
  here: ownsMariadb && pam.installed && isRoot,
  reason: !ownsMariadb ? mysqlReason : pam.installed ? 'only root may add a service of PAM' : pam.reason,
  start: async () => {
    const files = await serverFiles({ token: '', accept: '' });
    await writeFile(files.path('accept'), `#!/bin/sh\n[ "$(tr -d '\\0')" = "$(cat '${files.path('token')}')" ]\n`);
    await chmod(files.path('accept'), 0o700);
    await mkdir(files.path('plugins'));
    await copyFile(pam.file('auth_pam_v1.so'), files.path('plugins/auth_pam_v1.so'));
    await giveTreeToUnprivileged(files.folder);
    // PAM looks for it in lower case.
    const service = basename(files.folder).toLowerCase();
    const serviceFile = join('/etc/pam.d', service);
    await writeFile(
      serviceFile,
      `auth required pam_exec.so quiet expose_authtok ${files.path('accept')}\naccount required pam_permit.so\n`,
    );
    const server = await startMariadb({
      parameters: {
        'ssl-ca': files.path('ca.pem'),
        'ssl-cert': files.path('server.pem'),
        'ssl-key': files.path('server.key'),
        'plugin-dir': files.path('plugins'),
        'plugin-load-add': 'auth_pam_v1',
        'pam-use-cleartext-plugin': 'ON',
      },
    }).catch(async (error: unknown) => {
      await rm(serviceFile);
      throw error;
    });
    await server.query(
      `CREATE USER keeper@'127.0.0.1' IDENTIFIED VIA pam USING '${service}' REQUIRE SSL;
       GRANT ALL ON "keys".* TO keeper@'127.0.0.1'`,
    );
    const tls = `SslMode=VerifyFull;SslCa=${files.path('ca.pem')}`;
    return {
      port: server.port,
      settings: {
        provider: 'mysql',
        mySqlConnectionString: `Server=localhost;Port=${server.port};Database=keys;User Id=keeper;${tls}`,
      },
      whoAmI: `SELECT SUBSTRING_INDEX(CURRENT_USER, '@', 1) AS me`,
      refusal: /Access denied for user 'keeper'/,
      accept: (token) => writeFile(files.path('token'), token),
      cut: () => server.query('KILL USER keeper'),
      stop: async () => {
        await server.stop();
        await rm(serviceFile);
        await files.remove();
      },
    };
  },
};

interface ServerFiles {
  readonly folder: string;
  path(name: string): string;
  remove(): Promise<void>;
}

/** A certificate for localhost, and further files, which the server's user can read. */
async function serverFiles(more: Readonly<Record<string, string>>): Promise<ServerFiles> {
  const folder = await tempFolder('token-login');
  const path = (name: string): string => join(folder.path, name);
  const { caPem, certificatePem, keyPem } = tlsCertificate();
  const files = { 'ca.pem': caPem, 'server.pem': certificatePem, 'server.key': keyPem, ...more };
  await giveToUnprivileged(folder.path);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path(name), content, { mode: 0o600 });
    await giveToUnprivileged(path(name));
  }
  return { folder: folder.path, path, remove: () => folder.remove() };
}
