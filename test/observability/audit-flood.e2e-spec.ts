import { randomBytes, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { freePort } from '../lab/network/free-port.js';
import { run } from '../lab/processes/child-process.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { LogReader } from '../lab/service/log-reader.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';

const CONNECTIONS = 100;
/** Sent at once on each connection, again and again: as many as may wait for their answers. */
const IN_FLIGHT = 8;
/** Each waits for its turn behind a round of the flood. */
const WRITES = 40;

jest.setTimeout(180_000);

describe('a flood of requests without a token', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment();
  });
  afterAll(() => deployment.stop());

  const startInto = async (logFile: string): Promise<ServiceProcess> =>
    startService({ settings: { ...deployment.settings, http__port: String(await freePort()) }, logFile });

  /**
   * Asks without a token, and again as soon as there is an answer, on many connections; how many answers came so far.
   */
  const flood = (port: number): { answers: () => number; stop: () => void } => {
    const request = 'GET /user-keys HTTP/1.1\r\nHost: x\r\n\r\n';
    let answers = 0;
    const sockets = Array.from({ length: CONNECTIONS }, (): Socket => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.setEncoding('latin1').on('data', (text: string) => {
        const count = text.split('HTTP/1.1 401').length - 1;
        answers += count;
        socket.write(request.repeat(count));
      });
      socket.write(request.repeat(IN_FLIGHT));
      return socket;
    });
    return {
      answers: () => answers,
      stop: () => {
        for (const socket of sockets) socket.destroy();
      },
    };
  };

  /** Stores the keys of new members, one after the other; those whose write was acknowledged. */
  const write = async (service: ServiceProcess): Promise<string[]> => {
    const acknowledged: string[] = [];
    for (let count = 0; count < WRITES; count += 1) {
      const id = randomUUID();
      const answer = await fetch(`${service.url}/user-keys`, {
        method: count % 2 === 0 ? 'PUT' : 'POST',
        headers: { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ key: randomBytes(32).toString('base64') }),
      });
      if (answer.status === 200) acknowledged.push(id);
    }
    return acknowledged;
  };

  /** Those without a line that says what was done; whole lines only, whatever the order of their fields. */
  const unrecorded = (log: string, ids: readonly string[]): string[] => {
    const reader = new LogReader();
    reader.add(log);
    const done = reader.lines.filter(
      ({ event, outcome }) => String(event).startsWith('user-key.') && outcome === 'done',
    );
    const recorded = new Set(done.map(({ userId }) => userId));
    return ids.filter((id) => !recorded.has(id));
  };

  test('takes away no audit line of a key from a plain file', async () => {
    const file = join(deployment.folder, 'log');
    const service = await startInto(file);
    const { answers, stop } = flood(service.port);
    try {
      await until(() => answers() > 1000, 'the flood is on');
      const acknowledged = await write(service);
      expect(acknowledged).toHaveLength(WRITES);
      stop();
      await service.terminate();
      expect(unrecorded(await readFile(file, 'utf8'), acknowledged)).toEqual([]);
    } finally {
      stop();
      await service.kill();
    }
  });

  test('takes away no audit line of a key from a pipe that is read slowly, and says how many others were left out', async () => {
    const pipe = join(deployment.folder, 'pipe');
    await run('mkfifo', [pipe]);
    // Held open for writing too, so that the pipe does not end before the service opens it.
    const held = await open(pipe, constants.O_RDWR);
    const reader = createReadStream(pipe, { encoding: 'utf8', highWaterMark: 16 * 1024 });
    let log = '';
    const pace = { milliseconds: 50 };
    const reading = (async (): Promise<void> => {
      for await (const text of reader) {
        log += text as string;
        await sleep(pace.milliseconds);
      }
    })().catch(() => undefined);
    const service = await startInto(pipe);
    const { answers, stop } = flood(service.port);
    try {
      // More than may wait for a reader.
      await until(() => answers() > 12_000, 'the flood is on', 60_000);
      const acknowledged = await write(service);
      expect(acknowledged).toHaveLength(WRITES);
      stop();
      pace.milliseconds = 0;
      await until(
        () => unrecorded(log, acknowledged).length === 0,
        () => `${unrecorded(log, acknowledged).length} of ${WRITES} acknowledged writes have no line`,
      );
      await until(() => /"msg":"log lines were left out[^}]*"lines":[1-9]/.test(log), 'the log says what is missing');
    } finally {
      stop();
      await service.kill();
      await held.close();
      reader.destroy();
      await reading;
    }
  });
});
