import { beforeEach, describe, expect, test } from '@jest/globals';
import type { UserId } from '@key-connector/common';
import { newId, put, useDatabases } from './open-database.js';
import { postgresDatabases } from './test-database.js';

describe('a connection to PostgreSQL that has a session of its own', () => {
  const suite = useDatabases(() => postgresDatabases());
  let members: UserId[];
  let find: (...ids: UserId[]) => Promise<(string | undefined)[]>;

  /** In the one session that there is. */
  const sql = <Row>(text: string): Promise<Row[]> => suite.opened[0]?.source.query<Row[]>(text) ?? Promise.resolve([]);
  const prepared = async (): Promise<string[]> =>
    (await sql<{ name: string }>('SELECT name FROM pg_prepared_statements')).map(({ name }) => name);

  beforeEach(async () => {
    const string = suite.place.settings['postgreSqlConnectionString'] ?? '';
    const pool = string.startsWith('postgres') ? '?Maximum Pool Size=1' : ';Maximum Pool Size=1';
    const database = await suite.open({ postgreSqlConnectionString: string + pool });
    members = [newId(), newId()];
    for (const [index, id] of members.entries()) await put(database, id, `value ${index}`);
    find = async (...ids) => {
      const rows = await database.read(({ userKeys }) => userKeys.find(ids));
      return ids.map((id) => rows.find((row) => row.id === id)?.value);
    };
  });

  const expectEveryRead = async (): Promise<void> => {
    const [one, other] = members;
    if (one === undefined || other === undefined) throw new Error('two members were made');
    expect(await find(one)).toEqual(['value 0']);
    expect(await find(newId())).toEqual([undefined]);
    expect(await find(one, other)).toEqual(['value 0', 'value 1']);
  };

  test('keeps the statements of reads, under names that say which', async () => {
    for (let n = 0; n < 10; n += 1) await expectEveryRead();
    const names = await prepared();
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^key_connector_[0-9a-f]{32}$/);
  });

  test.each([
    ['was forgotten', 'DEALLOCATE ALL'],
    ['has columns of another type since', 'ALTER TABLE "UserKeys" ALTER COLUMN "Key" TYPE varchar(9000)'],
  ])('a statement that %s fails no read', async (_, change) => {
    await expectEveryRead();
    await sql(change);
    for (let n = 0; n < 3; n += 1) await expectEveryRead();
  });
});
