import { describe, expect, test } from '@jest/globals';
import { checkPlain } from '../lab/databases/tds/plain-transact-sql.js';
import type { Parameter } from '../lab/databases/tds/requests.js';

const check = (text: string, ...names: readonly string[]): void => {
  const parameters = names.map((name): Parameter => ({ name, type: 'int', value: '1' }));
  checkPlain({ text, parameters });
};

/** The double has another database behind it, whose SQL must not slip through. */
describe('what the double of SQL Server refuses before its database sees it', () => {
  test.each([
    [`SELECT "Key" || 'x' FROM "UserKeys"`, /near '\|\| 'x'/],
    ['SELECT "Id" FROM "UserKeys" LIMIT 1', /near 'LIMIT'/],
    ['SELECT "Id"::text FROM "UserKeys"', /near '::text/],
    ['INSERT INTO "UserKeys" ("Id") VALUES (@id) ON CONFLICT DO NOTHING', /near 'CONFLICT'/],
    ['DELETE FROM "UserKeys" RETURNING "Id"', /near 'RETURNING'/],
    ['SELECT COUNT(*) AS n FROM UserKeys', /near 'UserKeys'/],
    ['SELECT `Id` FROM "UserKeys"', /near '`Id`/],
    ['CREATE TABLE [T] ([Id] uuid)', /near 'uuid'/],
    ['CREATE TABLE [T] ([At] timestamp)', /near 'timestamp'/],
    ['SELECT 1 AS n\nGO', /near 'GO'/],
    ['SELECT 1 AS n WHERE true', /near 'true'/],
    ['SELECT "Id" FROM "UserKeys" OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY', /near 'OFFSET'/],
    ['SELECT "Id" FROM "UserKeys" WHERE "Id" = $1', /near '\$1/],
    ['SELECT "Id" FROM "UserKeys" WHERE "Id" = @other', /Must declare the scalar variable "@other"/],
  ])('%s', (text, message) => {
    expect(() => {
      check(text, 'id');
    }).toThrow(message);
  });

  test('more parameters than a request may have', () => {
    const names = Array.from({ length: 2099 }, (_, index) => `p${index}`);
    expect(() => {
      check('SELECT 1 AS n', ...names);
    }).toThrow(/too many parameters/);
    check('SELECT 1 AS n', ...names.slice(1));
  });
});
