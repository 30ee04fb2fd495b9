import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { mariadbKind } from '../database/mariadb-kind.js';
import { useDatabases } from '../database/open-database.js';
import { postgresqlKind } from '../database/postgresql-kind.js';
import type { ServerHolder } from '../database/server-kind.js';
import { runCli } from '../lab/service/service.process.js';
import { startDeployment } from '../lab/service/deployment.js';
import { describeIf } from '../lab/skip/skip.js';
import { until } from '../lab/processes/until.js';
import { cliSettings, keySettings } from './cli-settings.js';

const fixtures = resolve(import.meta.dirname, '../fixtures/classic');
const file = `${fixtures}/data.json`;
const { users } = JSON.parse(readFileSync(`${fixtures}/expected.json`, 'utf8')) as {
  users: Record<string, { key: string }>;
};
const members = Object.keys(users).length;

// Not on SQLite: there an import has the whole file from its first read on, and no member writes meanwhile.
for (const kind of [postgresqlKind, mariadbKind]) {
  describeIf(kind.here, kind.reason, `members who store a key while a JSON file is imported into ${kind.name}`, () => {
    const suite = useDatabases(kind.start);

    test('keep it, one after the other, and the import goes on and counts them', async () => {
      const { place } = suite;
      const deployment = await startDeployment({ settings: keySettings(place.settings) });
      // In the order in which the import comes to them.
      const [first = '', second = ''] = Object.keys(users).sort();
      const newer = new Map([first, second].map((id, index) => [id, Buffer.alloc(32, index).toString('base64')]));
      const writers: ServerHolder[] = [];
      try {
        for (const [id, key] of newer) await deployment.call('PUT', id, key);
        await place.sql('CREATE TABLE "Stored" AS SELECT * FROM "UserKeys"');
        await place.sql('DELETE FROM "UserKeys"');
        for (const id of newer.keys()) {
          const insert = `INSERT INTO "UserKeys" SELECT * FROM "Stored" WHERE "Id" = '${id}'`;
          writers.push(await kind.hold(place.settings[kind.stringSetting] ?? '', insert));
        }

        const importing = runCli(['import', 'json', file], cliSettings(place.settings));
        for (const writer of writers) {
          await until(async () => {
            // InnoDB shows its locks as they were at the last look, unless that is 100 ms ago.
            await sleep(150);
            return (await place.sql(writer.rowWaiters)).length > 0;
          }, 'the import waits for a member');
          await writer.run('COMMIT');
        }
        const { code, stdout } = await importing;
        expect(stdout).toMatch(
          new RegExp(`^Imported ${members - 2} keys into .*; 2 have a newer key there, which was kept`),
        );
        expect(code).toBe(0);
        for (const [id, { key }] of Object.entries(users)) {
          expect(await (await deployment.call('GET', id)).json()).toEqual({ key: newer.get(id) ?? key });
        }
      } finally {
        await Promise.all(writers.map((writer) => writer.end()));
        await deployment.stop();
      }
    });
  });
}
