import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child-process.ts';

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends one GET on a connection of its own. */
export function httpGet(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false, timeout: 5_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer in time.`)));
    request.on('error', reject);
  });
}

const pollMs = 3;
const readyDeadlineMs = 30_000;

/** Waits until GET /health answers 200; throws with the child's last output when it exits or takes too long. */
export async function waitUntilReady(url: string, child: Child): Promise<void> {
  const deadline = Date.now() + readyDeadlineMs;
  while (Date.now() < deadline && !child.exited) {
    const answer = await httpGet(`${url}/health`).catch(() => undefined);
    if (answer?.status === 200) return;
    await sleep(pollMs);
  }
  throw new Error(`${child.name} did not become ready. Its last output:\n${child.output()}`);
}
