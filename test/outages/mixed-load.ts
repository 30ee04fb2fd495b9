import { randomBytes, randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpAnswer, httpCall } from '../lab/network/http-call.js';
import type { Deployment } from '../lab/service/deployment.js';

/** A member with one request at a time, so that it is known which keys may stand in the database. */
interface Member {
  readonly token: string;
  /** The last acknowledged key, and every key whose PUT failed since: that one may be done all the same. */
  readonly possible: Set<string>;
  /** What was possible before. */
  readonly former: Set<string>;
  busy: boolean;
}

/** GET and PUT of many members at a steady rate, whatever the service does; every answer is checked. */
export class MixedLoad {
  /** What must never happen, and how often it did: a lost write, a wrong key, another status than 200 and 503. */
  readonly violations = new Map<string, number>();
  readonly counts = { succeeded: 0, unavailable: 0, puts: 0 };
  /** What the answers with 503 said, and how often. */
  readonly unavailable = new Map<string, number>();
  /** Successes since the last failure. */
  streak = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 256 });
  private readonly stopped = new AbortController();
  private running: Promise<void> | undefined;

  private constructor(
    private readonly url: string,
    private readonly members: readonly Member[],
  ) {}

  /** Stores a key for each member. */
  static async enrol(deployment: Deployment, count: number): Promise<MixedLoad> {
    const load = new MixedLoad(
      `${deployment.url}/user-keys`,
      Array.from({ length: count }, () => ({
        token: deployment.token(randomUUID()),
        possible: new Set<string>(),
        former: new Set<string>(),
        busy: false,
      })),
    );
    // A few at a time: a burst would be refused where the machine is busy, and none is what this is about.
    const waiting = load.members.values();
    const enrolOneByOne = async (): Promise<void> => {
      for (const member of waiting) await load.put(member);
    };
    await Promise.all(Array.from({ length: 4 }, enrolOneByOne));
    if (load.counts.succeeded === count) return load;
    const reasons = JSON.stringify([...load.violations, ...load.unavailable]);
    throw new Error(`Only ${load.counts.succeeded} of ${count} members enrolled: ${reasons}`);
  }

  /** Requests per second that the service manages when all members ask as fast as they can. */
  async fullRate(seconds: number): Promise<number> {
    const before = this.counts.succeeded;
    const end = performance.now() + seconds * 1000;
    const ask = async (member: Member): Promise<void> => {
      while (performance.now() < end) await this.step(member);
    };
    await Promise.all(this.members.slice(0, 64).map(ask));
    return (this.counts.succeeded - before) / seconds;
  }

  /** Begins to send this many requests a second, one in ten a PUT, until `stop`. */
  start(rate: number): void {
    this.running = this.run(rate);
  }

  /** Ends when the last answer is in. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  /** How many members are given a key that they may have; whatever else they are given is a violation. */
  async readable(): Promise<number> {
    const given = await Promise.all(this.members.map((member) => this.get(member)));
    this.agent.destroy();
    return given.filter((right) => right).length;
  }

  private async run(rate: number): Promise<void> {
    const started = performance.now();
    const flying = new Set<Promise<void>>();
    let sent = 0;
    while (!this.stopped.signal.aborted) {
      const due = ((performance.now() - started) / 1000) * rate;
      for (; sent < due; sent += 1) {
        // During a stall all of them may wait: real clients would, too.
        const member = this.members[Math.floor(Math.random() * this.members.length)];
        if (member === undefined || member.busy) continue;
        const step = this.step(member).finally(() => {
          flying.delete(step);
        });
        flying.add(step);
      }
      await sleep(5);
    }
    await Promise.all(flying);
  }

  private async step(member: Member): Promise<void> {
    member.busy = true;
    await (Math.random() < 0.1 ? this.put(member) : this.get(member));
    member.busy = false;
  }

  private async put(member: Member): Promise<void> {
    const key = randomBytes(32).toString('base64');
    this.counts.puts += 1;
    const answer = await this.send('PUT', member, JSON.stringify({ key }));
    if (answer?.status === 200) {
      for (const old of member.possible) member.former.add(old);
      member.possible.clear();
    }
    member.possible.add(key);
    this.count(answer, 'PUT');
  }

  /** Whether the answer was a key that the member may have. */
  private async get(member: Member): Promise<boolean> {
    const answer = await this.send('GET', member);
    this.count(answer, 'GET');
    if (answer?.status !== 200) return false;
    const key = keyIn(answer.body);
    if (key !== undefined && member.possible.has(key)) return true;
    if (key === undefined) this.violate('GET 200 without a key');
    else if (member.former.has(key)) this.violate('lost write: GET gave an older key than the last acknowledged one');
    else this.violate('wrong answer: GET gave a key that this member never stored');
    return false;
  }

  private count(answer: HttpAnswer | undefined, method: string): void {
    if (answer?.status === 200) {
      this.counts.succeeded += 1;
      this.streak += 1;
      return;
    }
    this.streak = 0;
    if (answer?.status === 503) {
      this.counts.unavailable += 1;
      const { detail = 'nothing' } = JSON.parse(answer.body) as { detail?: string };
      add(this.unavailable, `${method}: ${detail}`);
    } else if (answer?.status === 404 && method === 'GET') this.violate('lost write: GET 404 of a member with a key');
    else this.violate(`${method} ${answer?.status ?? 'got no answer'}`);
  }

  private violate(what: string): void {
    add(this.violations, what);
  }

  private send(method: string, { token }: Member, body?: string): Promise<HttpAnswer | undefined> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const call = { method, headers, agent: this.agent, ...(body !== undefined && { body }) };
    return httpCall(this.url, call).catch(() => undefined);
  }
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function keyIn(body: string): string | undefined {
  try {
    const { key } = JSON.parse(body) as { key?: unknown };
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
