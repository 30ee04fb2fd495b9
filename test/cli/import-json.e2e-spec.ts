import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { useDatabases } from '../database/open-database.js';
import { testKinds } from '../database/test-database.js';
import { runCli } from '../lab/service/service.process.js';
import { startDeployment } from '../lab/service/deployment.js';
import { describeIf } from '../lab/skip/skip.js';
import { cliSettings, keySettings } from './cli-settings.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const file = `${fixtures}/data.json`;
const { users } = JSON.parse(readFileSync(`${fixtures}/expected.json`, 'utf8')) as {
  users: Record<string, { key: string }>;
};
const members = Object.keys(users).length;

for (const kind of testKinds) {
  describeIf(kind.here, kind.reason, `the JSON file of an existing deployment, imported into ${kind.name}`, () => {
    const suite = useDatabases(kind.start);
    const importing = (): ReturnType<typeof runCli> =>
      runCli(['import', 'json', file], cliSettings(suite.place.settings));

    test('by the command, once however many run it at once, gives the rows that the deployment would have there', async () => {
      await suite.open();
      const results = await Promise.all([importing(), importing(), importing()]);
      expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(results.filter(({ stdout }) => stdout.startsWith(`Imported ${members} keys into `))).toHaveLength(1);
      expect(results.filter(({ stdout }) => stdout.startsWith('Imported 0 keys into '))).toHaveLength(2);

      const classic = await suite.databases.create();
      await classic.loadClassic();
      const rows = ['"Id"', '"Key"', '"CreationDate"', '"RevisionDate"', '"LastAccessDate"']
        .map((column) => `${suite.place.text(column)} AS ${column}`)
        .join(', ');
      const select = `SELECT ${rows} FROM "UserKeys" ORDER BY "Id"`;
      expect(await suite.place.sql(select)).toEqual(await classic.sql(select));
    });

    test('at start, serves every member the key that it has, and goes on after a member has replaced it', async () => {
      const settings = { ...keySettings(suite.place.settings), database__importJsonFilePath: file };
      const deployment = await startDeployment({ settings });
      try {
        for (const [userId, { key }] of Object.entries(users)) {
          const response = await deployment.call('GET', userId);
          expect(await response.json()).toEqual({ key });
        }
        const [userId = ''] = Object.keys(users);
        expect((await deployment.call('PUT', userId, Buffer.alloc(32, 7).toString('base64'))).status).toBe(200);
        expect((await importing()).stdout).toContain(`${members - 1} were there already; 1 has a newer key there`);
      } finally {
        await deployment.stop();
      }
    });
  });
}

describe('key-connector import json', () => {
  test('is what the refusal of database__provider json names', async () => {
    const settings = { ...cliSettings({ provider: 'json', jsonFilePath: file }) };
    const { code, stderr } = await runCli(['import', 'json', file], settings);
    expect(code).toBe(3);
    expect(stderr).toContain('key-connector import json <file>');
  });
});
