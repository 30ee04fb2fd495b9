import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadSettings } from '@key-connector/settings';
import { parse } from 'yaml';
import { z } from 'zod';
import { type TempFolder, tempFolder } from '../lab/files/temp-folder.js';
import { Helm, helm } from '../lab/kubernetes/helm.js';
import { settingsFileOf } from '../lab/kubernetes/manifests.js';
import { describeIf } from '../lab/skip/skip.js';
import { valueSet, valueSets } from './value-sets.js';

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

type Value = string | number | boolean | readonly string[] | Tree;
interface Tree {
  [name: string]: Value;
}

const file = resolve(import.meta.dirname, '../../config/settings.schema.json');
const published = readFileSync(file, 'utf8');
const settings = (JSON.parse(published) as { properties: { keyConnectorSettings: Schema } }).properties
  .keyConnectorSettings;
const product = z.fromJSONSchema(JSON.parse(published) as Parameters<typeof z.fromJSONSchema>[0]);

/** A value that a setting takes, and that YAML written carelessly would change. */
function sample({ anyOf: [first] = [], ...own }: Schema): Value {
  if (first !== undefined) return sample(first);
  if (own.enum !== undefined) return own.enum.at(-1) ?? '';
  if (own.format === 'uri') return 'https://example.com/a';
  if (own.type === 'integer') return own.maximum === undefined || own.maximum > 1e12 ? 7_000_000 : own.maximum;
  if (own.type === 'boolean') return true;
  if (own.type === 'array') return ['https://example.com', 'https://example.org'];
  return own.type === 'object' ? { '0x10': '1e3' } : '0001';
}

/** Every setting that stands in values; a secret and its `_FILE` are left out. */
function everySetting({ properties = {} }: Schema): Tree {
  const names = Object.keys(properties).filter((name) => !name.endsWith('_FILE') && !(`${name}_FILE` in properties));
  return Object.fromEntries(
    names.map((name) => {
      const node = properties[name] ?? {};
      return [name, node.properties === undefined ? sample(node) : everySetting(node)];
    }),
  );
}

const secretSettings = Object.entries(settings.properties ?? {}).flatMap(([group, { properties = {} }]) =>
  Object.keys(properties)
    .filter((name) => `${name}_FILE` in properties)
    .map((name) => `${group}__${name}`),
);

/** As the service reads a file: every value is the text that was written. */
const asText = (value: Value): unknown =>
  typeof value === 'object'
    ? Array.isArray(value)
      ? value
      : Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asText(inner)]))
    : String(value);

const mountedSecret = /(?<=_FILE: )\S+/g;
const connections: Readonly<Record<string, string>> = {
  postgresql: 'Host=db;Database=keys;Username=kc;SSL Mode=VerifyFull',
  mysql: 'Server=db;Database=keys;User=kc;SslMode=VerifyFull',
  sqlserver: 'Server=db;Database=keys;User Id=kc;Password=x',
};

describeIf(helm.installed, helm.reason, 'a setting of the service', () => {
  let cli: Helm;
  let folder: TempFolder;
  beforeAll(async () => {
    cli = await Helm.open();
    folder = await tempFolder('chart');
  });
  afterAll(async () => {
    await cli.close();
    await folder.remove();
  });

  const rendered = async (values: Parameters<Helm['render']>[0]): Promise<string> =>
    settingsFileOf(await cli.render(values));

  test('can be given in values, whichever it is, and reaches the service character by character', async () => {
    const config = everySetting(settings);
    const text = await rendered({ config });
    const read = parse(text, { schema: 'failsafe' }) as unknown;
    expect(read).toEqual({ keyConnectorSettings: asText(config) });
    expect(product.safeParse(parse(text)).error).toBe(undefined);
  });

  test('that is a secret can be given by reference, and reaches the service as a file', async () => {
    expect(secretSettings.length).toBeGreaterThan(10);
    const secrets = Object.fromEntries(secretSettings.map((name) => [name, { name: 'all', key: name }]));
    const read = parse(await rendered([valueSet('minimal'), { secrets }])) as { keyConnectorSettings: Tree };
    for (const setting of secretSettings) {
      const [group = '', name = ''] = setting.split('__');
      expect(read.keyConnectorSettings[group]).toHaveProperty(`${name}_FILE`, `/run/secrets/key-connector/${setting}`);
    }
  });

  test.each(valueSets)('of ci/%s loads', async (name) => {
    const text = await rendered(valueSet(name));
    const { database } = (parse(text) as { keyConnectorSettings: { database: { provider: string } } })
      .keyConnectorSettings;
    const home = join(folder.path, name);
    await mkdir(home);
    const inHome = (path: string): string => join(home, path.replaceAll('/', '-'));
    // What a cluster mounts: a connection string is read at once, every other secret is any text.
    for (const [path] of text.matchAll(mountedSecret)) {
      await writeFile(inHome(path), path.includes('atabase') ? (connections[database.provider] ?? '') : 'x');
    }
    const file = join(home, 'config.yaml');
    await writeFile(file, text.replace(mountedSecret, inHome));
    expect((await loadSettings({ KEY_CONNECTOR_CONFIG: file })).database.provider).toBe(database.provider);
  });
});
