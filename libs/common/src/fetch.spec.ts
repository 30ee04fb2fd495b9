import { describe, expect, it } from '@jest/globals';
import { fetchFailure } from './fetch.js';

describe('why a fetch failed', () => {
  const failureWith = (token: string): Promise<string> =>
    fetch('http://127.0.0.1:1/', { headers: { 'x-vault-token': token } }).then(() => 'it did not', fetchFailure);

  it.each(['hunter2\nsecret', 'hunter2\u0000secret', 'hunter2€secret'])(
    'is told without the header that it failed for: %j',
    async (token) => {
      const said = await failureWith(token);
      expect(said).not.toMatch(/hunter2|secret/);
      expect(said).toMatch(/a header, such as a token, holds|Cannot convert argument to a ByteString/);
    },
  );

  it.each([
    ['http://svc:hunter2@127.0.0.1:1/?sig=hunter2', 'its URL holds a user name or password'],
    ['http://svc@127.0.0.1:1/?sig=hunter2', 'its URL holds a user name or password'],
    ['http://svc:hunter2@[::1/', 'its URL cannot be read'],
  ])('is told without the URL that fetch does not take: %s', async (url, said) => {
    expect(await fetch(url).then(() => 'it did not', fetchFailure)).toBe(said);
  });

  it('is the cause where fetch says no more than that it did', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    expect(fetchFailure(new TypeError('fetch failed', { cause }))).toBe(
      'fetch failed: connect ECONNREFUSED 127.0.0.1:1',
    );
  });
});
