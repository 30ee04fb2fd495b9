import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../lab/network/free-port.js';
import { until } from '../lab/processes/until.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { testIf } from '../lab/skip/skip.js';

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const localhostIsBoth = hasIPv6 && (await lookup('localhost', { all: true })).length === 2;

describe('where the service listens', () => {
  let deployment: Deployment;
  let metricsPort: number;
  beforeAll(async () => {
    metricsPort = await freePort();
    // A blank value counts as not given: the default.
    const settings = { http__host: '', metrics__port: String(metricsPort), metrics__host: '+' };
    deployment = await startDeployment({ settings });
  });
  afterAll(() => deployment.stop());

  const health = async (host: string, port: number): Promise<number> =>
    (await fetch(`http://${host}:${port}/health/live`)).status;
  const addressOf = async (host: string): Promise<unknown> => {
    const before = deployment.service.logs.length;
    await fetch(`http://${host}:${deployment.port}/user-keys`);
    const line = (): Readonly<Record<string, unknown>> | undefined =>
      deployment.service.logs.slice(before).find(({ context }) => context === 'Request');
    await until(() => line() !== undefined, 'the request is logged');
    return line()?.['ip'];
  };

  test('by default IPv4 is answered, with metrics and health, and logged under its own address', async () => {
    expect(await health('127.0.0.1', deployment.port)).toBe(200);
    expect(await health('127.0.0.1', metricsPort)).toBe(200);
    expect(await addressOf('127.0.0.1')).toBe('127.0.0.1');
  });

  testIf(hasIPv6, 'this machine has no IPv6', 'by default IPv6 is answered too', async () => {
    expect(await health('[::1]', deployment.port)).toBe(200);
    expect(await health('[::1]', metricsPort)).toBe(200);
    expect(await addressOf('[::1]')).toBe('::1');
    const ready = deployment.service.logs.find(({ msg }) => msg === 'ready');
    expect(await health(new URL(String(ready?.['address'])).hostname, deployment.port)).toBe(200);
  });

  const refusal = async (settings: Record<string, string>): Promise<string> => {
    const service: ServiceProcess = await startService({
      settings: { ...deployment.settings, metrics__port: String(await freePort()), ...settings },
      waitFor: 'started',
    });
    expect(await service.exited).toBe(1);
    return service.output;
  };

  test('an address that the machine does not have ends the start, for either port, by the name of the setting', async () => {
    // RFC 5737: for documentation, so nobody's.
    expect(await refusal({ http__host: '192.0.2.1' })).toContain('http__host: this machine has no address 192.0.2.1');
    expect(await refusal({ metrics__host: '192.0.2.1' })).toContain('metrics__host: this machine has no address');
  });

  describe('a port that another process has', () => {
    const others: Server[] = [];
    const takenOn = async (host: string): Promise<string> => {
      const other = createServer().listen(0, host);
      others.push(other);
      await once(other, 'listening');
      return String((other.address() as AddressInfo).port);
    };
    afterAll(() => {
      for (const other of others) other.close();
    });

    testIf(hasIPv6, 'this machine has no IPv6', 'on ::1 ends a start on all addresses: never IPv4 alone', async () => {
      const port = await takenOn('::1');
      expect(await refusal({ http__port: port })).toContain(`http__port: port ${port} on * is taken`);
    });

    testIf(
      localhostIsBoth,
      'localhost is one address here',
      'on either localhost ends a start on localhost',
      async () => {
        const [six, four] = [await takenOn('::1'), await takenOn('127.0.0.1')];
        const starts = [
          { http__port: six, http__host: 'localhost' },
          { http__port: four, http__host: 'localhost' },
          { metrics__port: six, metrics__host: 'localhost' },
          { metrics__port: four, metrics__host: 'localhost' },
        ];
        for (const settings of starts)
          expect(await refusal(settings)).toMatch(/__port: port \d+ on localhost( \([\d.:]+\))? is taken/);
      },
    );
  });
});
