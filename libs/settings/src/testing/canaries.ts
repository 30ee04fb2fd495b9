import { Secret, Uri } from '@key-connector/common';
import { z } from 'zod';

import { catalogue, type KnownSetting } from '../catalogue.js';
import { loadSettings } from '../load-settings.js';
import { environmentName, settingName } from '../names.js';
import { SettingsInvalid } from '../settings.errors.js';
import type { Settings } from '../settings.js';

/** Settings by their names. */
export type Named = Readonly<Record<string, string>>;

const known = new Map(catalogue.settings.map((setting) => [settingName(setting.path), setting]));
const ofService = [...known].filter(([, { path }]) => path[0] !== 'transferTo');

/** Every setting that is marked secret. */
export const secretSettings = ofService.filter(([, { secret }]) => secret).map(([name]) => name);

/** Every setting that takes a URI. */
export const uriSettings = ofService.filter(([, { field }]) => schemaOf(field).format === 'uri').map(([name]) => name);

/**
 * One choice after the other: each key provider, each source of a certificate and each database that the settings know.
 */
export const choices: readonly Named[] = ['rsaKey__provider', 'certificate__provider', 'database__provider'].flatMap(
  (name) => wordsOf(schemaOf(known.get(name)?.field ?? z.never())).map((word) => ({ [name]: word })),
);

/** An SQLite file has a path and no login; MongoDB's connection string is never read. */
export const withoutSecret = ['database__sqliteConnectionString', 'database__mongoConnectionString'];

/** What a person would write: where the canary stands in it. Of what is not listed, it is the whole. */
const shapes: Readonly<Record<string, readonly string[]>> = {
  database__postgreSqlConnectionString: [
    'Host=127.0.0.1;Port=1;Username=keys;Password=CANARY',
    "Host=127.0.0.1;Port=1;Username=keys;Password='x;CANARY'",
    'Host=127.0.0.1;Port=1;Username=keys;Password=x;SSL Mode=VerifyCA;SSL Certificate=/c;SSL Key=/k;SSL Password=CANARY',
    'postgres://keys:CANARY@127.0.0.1:1/keys',
  ],
  database__mySqlConnectionString: [
    'Server=127.0.0.1;Port=1;Database=keys;User Id=keys;Password=CANARY',
    'mysql://keys:CANARY@127.0.0.1:1/keys',
  ],
  database__sqlServerConnectionString: [
    'Server=tcp:127.0.0.1,1;Database=keys;User Id=keys;Password=CANARY',
    'mssql://keys:CANARY@127.0.0.1:1/keys',
  ],
  database__sqliteConnectionString: ['Data Source=/nonexistent/keys.db'],
  certificate__azureStorageConnectionString: [
    'DefaultEndpointsProtocol=https;AccountName=keys;AccountKey=CANARY;EndpointSuffix=core.windows.net',
    'BlobEndpoint=https://keys.blob.example;SharedAccessSignature=sv=2024&sig=CANARY',
  ],
};

/** What some secrets stand beside, because the service would ask for another one instead. */
const beside: Readonly<Record<string, Named>> = {
  rsaKey__vaultAppRoleSecretId: { rsaKey__vaultAppRoleId: 'role' },
  certificate__vaultAppRoleSecretId: { certificate__vaultAppRoleId: 'role' },
};

const companions = (wanted: Named): Named =>
  Object.fromEntries(Object.keys(wanted).flatMap((name) => Object.entries(beside[name] ?? {})));

/** The values that hold a canary in this setting. */
export const withCanary = (name: string, canary: string): readonly string[] =>
  (shapes[name] ?? ['CANARY']).map((shape) => shape.replaceAll('CANARY', canary));

const base: Named = {
  identityServerUri: 'https://id.example',
  database__provider: 'sqlite',
  database__sqliteConnectionString: 'Data Source=/nonexistent/keys.db',
  certificate__filesystemPath: '/nonexistent/key.pfx',
};

/**
 * Settings that hold all of these and load, with what else they require filled in; `undefined` where nothing makes them
 * fit.
 */
export async function completed(wanted: Named): Promise<{ named: Named; settings: Settings } | undefined> {
  let named: Named = { ...base, ...companions(wanted), ...wanted };
  for (;;) {
    try {
      return { named, settings: await loadSettings(environmentOf(named)) };
    } catch (error) {
      if (!(error instanceof SettingsInvalid)) throw error;
      const missing = error.problems.filter(({ name, rule }) => /required|needed/.test(rule) && !(name in named));
      if (missing.length === 0) return undefined;
      named = { ...named, ...Object.fromEntries(missing.map(({ name }) => [name, sample(name)])) };
    }
  }
}

/**
 * Deployments that hold the canary in everything that is secret: one or more for each choice that loads.
 *
 * @param more settings that all of them have.
 */
export async function deploymentsWith(canary: string, more: Named): Promise<Named[]> {
  const secrets = secretSettings.flatMap((name) => withCanary(name, canary).map((value) => ({ [name]: value })));
  const uris = uriSettings.map((name) => ({ [name]: `https://127.0.0.1:1/path?sig=${canary}` }));
  const deployments: Named[] = [];
  for (const choice of choices) {
    const own: Named[] = [{ ...more, ...choice }];
    for (const secret of [...secrets, ...uris]) {
      const alone = await completed({ ...more, ...choice, ...secret });
      if (alone === undefined || !textsIn(alone.settings).some((text) => text.includes(canary))) continue;
      let place = 0;
      while (own[place] && !(await completed({ ...own[place], ...secret }))) place += 1;
      own[place] = { ...(own[place] ?? { ...more, ...choice }), ...secret };
    }
    for (const one of own) {
      const whole = await completed(one);
      if (whole) deployments.push(whole.named);
    }
  }
  return deployments;
}

/** The variables that give these settings. */
export const environmentOf = (named: Named): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [environmentName(name.split('__')), value]));

/** Something that the setting takes. */
function sample(name: string): string {
  const field = known.get(name)?.field;
  const fits = [...(shapes[name] ?? []), '1', 'true', 'https://server.example', 'x'];
  return fits.find((value) => field?.safeParse(value).success) ?? '';
}

/** Every text that settings hold, however deep, in secrets and queries too. */
export function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Secret) return [value.reveal()];
  if (value instanceof Uri) return [value.href];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  return Object.values(value).flatMap((member) => textsIn(member, seen));
}

interface FieldSchema {
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly FieldSchema[];
}

function schemaOf(field: KnownSetting['field']): FieldSchema {
  return z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' }) as FieldSchema;
}

function wordsOf({ enum: words = [], anyOf = [] }: FieldSchema): string[] {
  return [...words, ...anyOf.flatMap(wordsOf)];
}
