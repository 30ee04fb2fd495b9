import { randomBytes, randomUUID } from 'node:crypto';
import type { Demo } from './demo-stack.ts';

/**
 * Stores a key, reads it, tries to overwrite it, and asks without a token; prints what came back. True when all is
 * right.
 */
export async function check({ service, issuer }: Demo): Promise<boolean> {
  const token = await (await fetch(`${issuer}/token?user=${randomUUID()}`)).text();
  const url = `${service.url}/user-keys`;
  const authorization = `Bearer ${token}`;
  const post = (key: string): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ key }),
    });
  const key = randomBytes(32).toString('base64');

  const stored = await post(key);
  const read = await fetch(url, { headers: { authorization } });
  const body: unknown = await read.json();
  const refused = await post(randomBytes(32).toString('base64'));
  const anonymous = await fetch(url);

  const results = [
    report('POST /user-keys stores the key', stored.status, 200),
    report('GET  /user-keys reads it', read.status, 200),
    same(body, key),
    report('POST /user-keys again is refused', refused.status, 400),
    report('GET  /user-keys without a token is refused', anonymous.status, 401),
  ];
  return results.every(Boolean);
}

function report(what: string, status: number, wanted: number): boolean {
  const ok = status === wanted;
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${what}: ${status}${ok ? '' : `, not ${wanted}`}\n`);
  return ok;
}

function same(body: unknown, key: string): boolean {
  const ok = JSON.stringify(body) === JSON.stringify({ key });
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} the key that was read is the one that was stored\n`);
  return ok;
}
