import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKeyCertificate } from '../lab/files/certificate.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { type PostgresServer, startPostgres } from '../lab/databases/postgres.server.js';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { packagesLoadedAtStart } from '../lab/service/start-cost.js';

/** What every start loads of what package.json names; a new name here makes every start dearer. */
const always = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/passport',
  '@nestjs/platform-fastify',
  '@nestjs/terminus',
  '@nestjs/typeorm',
  'cockatiel',
  'fastest-levenshtein',
  'fastify',
  'node-forge',
  'passport',
  'passport-jwt',
  'pino',
  'prom-client',
  'reflect-metadata',
  'rxjs',
  'typeorm',
  'zod',
];

/** What belongs to one provider or driver, among what those packages pull in. */
const ofProviders = /^(@(aws-sdk|azure|google-cloud|smithy|grpc)\/|(google-|tedious|pkcs11js|graphene))/;

describe('a start with a certificate from a file', () => {
  let folder: TempFolder;
  let issuer: IssuerServer;
  let postgres: PostgresServer;
  let dependencies: readonly string[];
  let common: Readonly<Record<string, string>>;

  beforeAll(async () => {
    folder = await tempFolder('start-cost');
    issuer = await startIssuer();
    postgres = await startPostgres();
    const manifest = await readFile(join(import.meta.dirname, '../../package.json'), 'utf8');
    dependencies = Object.keys((JSON.parse(manifest) as { dependencies: object }).dependencies);
    const { path, password } = await makeKeyCertificate(folder.path);
    common = {
      identityServerUri: issuer.uri,
      certificate__filesystemPath: path,
      certificate__filesystemPassword: password,
    };
  });
  afterAll(async () => {
    await postgres.stop();
    await issuer.stop();
    await folder.remove();
  });

  const expectOnly = async (driver: string, database: Readonly<Record<string, string>>): Promise<void> => {
    const loaded = await packagesLoadedAtStart(folder.path, { settings: { ...common, ...database } });
    const ours = dependencies.filter((name) => loaded.has(name));
    expect(ours.sort()).toEqual([...always, driver].sort());
    expect([...loaded].filter((name) => ofProviders.test(name))).toEqual([]);
  };

  test('loads no cloud SDK, no PKCS#11 and no driver but PostgreSQL’s', () =>
    expectOnly('pg', {
      database__provider: 'postgresql',
      database__postgreSqlConnectionString: postgres.connectionString,
    }));

  test('loads no cloud SDK, no PKCS#11 and no driver but SQLite’s', () =>
    expectOnly('better-sqlite3', {
      database__provider: 'sqlite',
      database__sqliteConnectionString: `Data Source=${join(folder.path, 'keys.db')}`,
    }));
});
