import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import { afterAll, describe, expect, it } from '@jest/globals';

import { parse } from 'yaml';
import { z } from 'zod';

import { problemLines, SpecFolder } from './testing/settings-case.js';

const project = join(import.meta.dirname, '../../..');
const examples = join(project, 'config/examples');

describe('what is written about the settings', () => {
  const folder = new SpecFolder();
  afterAll(() => {
    folder.remove();
  });

  /** An example's secrets stand where a deployment mounts them. */
  const withSecrets = (text: string): string => {
    folder.write(
      'database',
      'Host=db.example.com;Database=keys;Username=key_connector;Password=x;SSL Mode=VerifyFull\n',
    );
    folder.write('certificate-password', 'x\n');
    return text.replaceAll('/run/secrets/', folder.pathOf('/'));
  };

  it.each(readdirSync(examples))('has the example %s, which loads', async (name) => {
    const text = withSecrets(readFileSync(join(examples, name), 'utf8'));
    const environment = name.endsWith('.env') ? parseEnv(text) : { KEY_CONNECTOR_CONFIG: folder.write(name, text) };
    expect(await problemLines(environment)).toEqual([]);
  });

  const schema = z.fromJSONSchema(
    JSON.parse(readFileSync(join(project, 'config/settings.schema.json'), 'utf8')) as Parameters<
      typeof z.fromJSONSchema
    >[0],
  );
  const accepted = (yaml: string): boolean => schema.safeParse(parse(yaml)).success;

  it('has a JSON schema that takes what loads and refuses unknown names', () => {
    const files = ['default.yaml', ...readdirSync(examples).map((name) => `examples/${name}`)];
    for (const name of files.filter((file) => file.endsWith('.yaml'))) {
      expect([name, accepted(readFileSync(join(project, 'config', name), 'utf8'))]).toEqual([name, true]);
    }
    expect(accepted('keyConnectorSettings: {log: {level: info}}')).toBe(true);
    expect(accepted('keyConnectorSettings: {log: {levle: info}}')).toBe(false);
    expect(accepted('keyConnectorSettings: {log: {level: loud}}')).toBe(false);
  });

  it('has a file of defaults that changes nothing', async () => {
    const environment = { KEY_CONNECTOR_CONFIG: join(project, 'config/default.yaml') };
    expect(await problemLines(environment)).toEqual(await problemLines({}));
  });
});
