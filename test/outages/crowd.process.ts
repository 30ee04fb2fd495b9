import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a crowd does; the program's one argument, as JSON. */
export interface CrowdPlan {
  /** `enrol`: each stores a key. `once`: each reads it, spread over so long. `flood`: all read again and again. */
  readonly kind: 'enrol' | 'once' | 'flood';
  readonly url: string;
  /** A file with the members' tokens, one a line. */
  readonly tokens: string;
  readonly milliseconds?: number;
  /** A flood ends with so many refusals, or when the time is over. */
  readonly refusals?: number;
}

/** How a crowd was answered; the program's output, as JSON. */
export interface CrowdReport {
  readonly answered: number;
  /** 503 `OVERLOADED` with `Retry-After`. */
  readonly refused: number;
  /** Whatever else they got, and how often. */
  readonly other: Readonly<Record<string, number>>;
  readonly slowestAnswerMs: number;
  readonly slowestRefusalMs: number;
}

/** Members at a time who enrol. */
const enrolling = 64;

/** Before one who was refused asks again, in milliseconds: sooner than any client would. */
const impatience = 100;

async function main(plan: CrowdPlan): Promise<void> {
  const tokens = readFileSync(plan.tokens, 'utf8').trim().split('\n');
  const crowd = new Crowd(plan.url);
  await crowds[plan.kind](crowd, tokens, plan);
  process.stdout.write(JSON.stringify(crowd.report));
}

const crowds: Record<CrowdPlan['kind'], (crowd: Crowd, tokens: string[], plan: CrowdPlan) => Promise<unknown>> = {
  enrol: (crowd, tokens) => {
    const left = tokens.values();
    const enrol = async (): Promise<void> => {
      for (const token of left) await crowd.ask('PUT', token);
    };
    return Promise.all(Array.from({ length: enrolling }, enrol));
  },
  once: (crowd, tokens, { milliseconds = 0 }) =>
    Promise.all(
      tokens.map(async (token, index) => {
        await sleep((index / tokens.length) * milliseconds);
        await crowd.ask('GET', token);
      }),
    ),
  flood: (crowd, tokens, { milliseconds = 0, refusals = 0 }) => {
    const end = performance.now() + milliseconds;
    const ask = async (token: string): Promise<void> => {
      while (performance.now() < end && crowd.report.refused < refusals)
        if (!(await crowd.ask('GET', token))) await sleep(impatience);
    };
    return Promise.all(tokens.map(ask));
  },
};

/** Members who ask on a connection each, and look at what they get. */
class Crowd {
  readonly report = {
    answered: 0,
    refused: 0,
    other: {} as Record<string, number>,
    slowestAnswerMs: 0,
    slowestRefusalMs: 0,
  };
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Whether the member's key was stored, or was given and is the right one. */
  async ask(method: 'GET' | 'PUT', token: string): Promise<boolean> {
    const { report } = this;
    const began = performance.now();
    const key = createHash('sha256').update(token).digest('base64');
    const { status, headers, body } = await this.send(method, token, key);
    const ms = Math.round(performance.now() - began);
    if (status === 200 && (method === 'PUT' || body === JSON.stringify({ key }))) {
      report.answered += 1;
      report.slowestAnswerMs = Math.max(report.slowestAnswerMs, ms);
      return true;
    }
    if (status === 503 && body.includes('"OVERLOADED"') && Number(headers['retry-after']) >= 1) {
      report.refused += 1;
      report.slowestRefusalMs = Math.max(report.slowestRefusalMs, ms);
    } else {
      // Its code, and not its requestId.
      const what = `${status} ${/"code":"\w+"/.exec(body)?.[0] ?? body.slice(0, 200)}`;
      report.other[what] = (report.other[what] ?? 0) + 1;
    }
    return false;
  }

  private async send(method: 'GET' | 'PUT', token: string, key: string): Promise<Answer> {
    try {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        request(this.url, { method, headers, agent: false }, resolve)
          .on('error', reject)
          .end(method === 'PUT' ? JSON.stringify({ key }) : undefined);
      });
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
    } catch (error) {
      return { status: 0, headers: {}, body: String(error) };
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

// Last, since classes are there only from their line on.
await main(JSON.parse(process.argv[2] ?? '') as CrowdPlan);
