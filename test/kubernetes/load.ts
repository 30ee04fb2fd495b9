import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpCall } from '../lab/network/http-call.js';
import type { Installation } from './installation.js';

/** What members asked for and did not get. */
export interface LoadReport {
  readonly requests: number;
  /** How each lost request ended, with the way it was asked. */
  readonly lost: readonly string[];
}

interface Way {
  readonly name: string;
  readonly loops: number;
  /** Milliseconds between an answer and the next request. */
  readonly pause: number;
  readonly keepAlive: boolean;
}

/**
 * How members and their proxies reach the service: busy connections that are kept, connections for one request each,
 * and kept ones that are idle for seconds, longer and shorter than a pod drains.
 */
const ways: readonly Way[] = [
  { name: 'kept and busy', loops: 6, pause: 20, keepAlive: true },
  { name: 'one request each', loops: 6, pause: 20, keepAlive: false },
  { name: 'kept, a request a second', loops: 12, pause: 1_000, keepAlive: true },
  { name: 'kept, a request every six seconds', loops: 12, pause: 6_000, keepAlive: true },
];

/** Members who read their keys, and enrol, without an end: each request must succeed, and at the first try. */
export class Load {
  private readonly stopped = new AbortController();
  private readonly lost: string[] = [];
  private asked = 0;
  private readonly loops: readonly Promise<void>[];

  private constructor(
    private readonly installation: Installation,
    private readonly key: string,
    private readonly token: string,
  ) {
    this.loops = ways.flatMap((way) => Array.from({ length: way.loops }, () => this.loop(way)));
  }

  static async start(installation: Installation): Promise<Load> {
    const { member, key } = await installation.enrol();
    return new Load(installation, key, installation.issuer.token({ claims: { sub: member } }));
  }

  /** Connections that may be open at a time. */
  get connections(): number {
    return this.loops.length;
  }

  get requests(): number {
    return this.asked;
  }

  /** What was lost so far. */
  get losses(): readonly string[] {
    return this.lost;
  }

  async stop(): Promise<LoadReport> {
    this.stopped.abort();
    await Promise.all(this.loops);
    return { requests: this.asked, lost: this.lost };
  }

  private async loop({ name, pause, keepAlive }: Way): Promise<void> {
    const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    const { signal } = this.stopped;
    for (let turn = 1; !signal.aborted; turn += 1) {
      this.asked += 1;
      const answer = await this.ask(turn, agent).catch((error: unknown) => String(error));
      if (answer !== undefined) this.lost.push(`${new Date().toISOString()} ${name}: ${answer}`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
    agent?.destroy();
  }

  /** A read; every tenth time an enrolment. Nothing when it was answered as it should. */
  private async ask(turn: number, agent: Agent | undefined): Promise<string | undefined> {
    if (turn % 10 === 0) {
      const { status } = await this.installation.call('POST', crypto.randomUUID(), this.key);
      return status === 200 ? undefined : `POST ${status}`;
    }
    const headers = { authorization: `Bearer ${this.token}` };
    const { status, body } = await httpCall(`${this.installation.url}/user-keys`, {
      headers,
      timeoutMs: 20_000,
      ...(agent !== undefined && { agent }),
    });
    return status === 200 && body === JSON.stringify({ key: this.key })
      ? undefined
      : `GET ${status} ${body.slice(0, 200)}`;
  }
}
