import { expect, test } from '@jest/globals';
import type { Database } from './database.js';

test('a hot statement cannot be called outside of read and write: the compiler refuses it', () => {
  const outside = (database: Database): unknown[] => [
    // @ts-expect-error: a session hands out the statements, and nothing else does.
    database.userKeys,
    // @ts-expect-error: so it does with TypeORM's manager.
    database.manager,
    // @ts-expect-error: a session is handed to work, never out.
    database.session,
    database.read(({ userKeys }) => userKeys.find([])),
    database.write(({ userKeys }) => userKeys.touch([], { at: new Date(), resolution: 0 })),
  ];
  expect(outside).toBeInstanceOf(Function);
});
