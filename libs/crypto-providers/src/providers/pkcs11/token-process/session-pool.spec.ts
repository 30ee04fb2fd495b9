import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, jest } from '@jest/globals';
import { SessionPool } from './session-pool.js';

/** Stands for a session of a token, by its number. */
interface KeySession {
  readonly number: number;
}

/** A pool over counted sessions, of which the token gives `given`. */
function pool(
  limit: number,
  given = Infinity,
): { pool: SessionPool<KeySession>; open: Set<KeySession>; opened: () => number } {
  const open = new Set<KeySession>();
  let opened = 0;
  const create = (): KeySession => {
    if (open.size >= given) throw new Error('no more sessions');
    const session = { number: opened };
    opened += 1;
    open.add(session);
    return session;
  };
  return {
    pool: new SessionPool<KeySession>(limit, create, (session) => open.delete(session)),
    open,
    opened: () => opened,
  };
}

it.each([
  [4, Infinity, 4],
  [4, 2, 2],
])(
  'with a limit of %d and %d given by the token, fifty users share %d sessions, one each',
  async (limit, given, most) => {
    const { pool: sessions, open } = pool(limit, given);
    const busy = new Set<KeySession>();
    const use = jest.fn(async (session: KeySession) => {
      expect(busy.has(session)).toBe(false);
      busy.add(session);
      await turn();
      busy.delete(session);
    });
    await Promise.all(Array.from({ length: 25 }, () => sessions.use(use)));
    // Once more, now that all of them are idle.
    await Promise.all(Array.from({ length: 25 }, () => sessions.use(use)));
    expect(use).toHaveBeenCalledTimes(50);
    expect(open.size).toBe(most);
  },
);

it('a session in which something failed is closed, and the next user gets another', async () => {
  const { pool: sessions, open, opened } = pool(1);
  await expect(sessions.use(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(open.size).toBe(0);
  await sessions.use(() => Promise.resolve());
  expect(opened()).toBe(2);
});

it('tells the user when there is not even one session', async () => {
  await expect(pool(4, 0).pool.use(() => Promise.resolve())).rejects.toThrow('no more sessions');
});
