import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Deployment, startDeployment } from './deployment.ts';
import { type ServiceOptions, type ServiceProcess, startService } from './service.process.ts';
import { describeIf } from '../skip/skip.ts';
import { recordStartCost, startCostsFile } from './start-cost.ts';
import { until } from '../processes/until.ts';

/** A key provider that runs on this machine, with a key in it. */
export interface ServedProvider {
  /** The settings that choose it and its key. */
  readonly settings: Readonly<Record<string, string>>;
  /** Another installation of the service than this repository's own build: its entry file. */
  readonly entry?: string;
  /** Further environment variables of the service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes it away, as a crash or a cut network does. */
  halt(): Promise<void>;
  /** Brings it back, at the same address and with the same keys. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** How a kind of provider differs from a server. */
export interface ServingOptions {
  /** What a start without it does; a file that is gone is for an operator to bring back, so the start ends. */
  readonly startWithout?: 'waits' | 'ends';
}

/** The built service with a key provider: it stores and serves, and needs the provider at its start only. */
export function describeServingWith(
  name: string,
  condition: { readonly installed: boolean; readonly reason: string },
  prepare: () => Promise<ServedProvider>,
  { startWithout = 'waits' }: ServingOptions = {},
): void {
  describeIf(condition.installed, condition.reason, `the service with ${name}`, () => {
    const member = randomUUID();
    const key = randomBytes(32).toString('base64');
    let provider: ServedProvider;
    let deployment: Deployment;
    let service: ServiceProcess;

    beforeAll(async () => {
      provider = await prepare();
      const { settings, env = {}, entry } = provider;
      deployment = await startDeployment({ settings, env, ...(entry !== undefined && { entry }) });
      service = deployment.service;
    });
    afterAll(async () => {
      await service.terminate();
      await deployment.stop();
      await provider.stop();
    });

    const read = async (): Promise<unknown> => {
      const headers = { authorization: `Bearer ${deployment.token(member)}` };
      const response = await fetch(`${service.url}/user-keys`, { headers });
      return response.ok ? ((await response.json()) as { key: unknown }).key : response.status;
    };
    const options = (): ServiceOptions => ({
      settings: deployment.settings,
      env: provider.env ?? {},
      ...(provider.entry !== undefined && { entry: provider.entry }),
    });
    const start = (waitFor: 'ready' | 'live' | 'started'): Promise<ServiceProcess> =>
      startService({ ...options(), waitFor });

    test('stores a member’s key and serves it, also after a restart', async () => {
      expect((await deployment.call('POST', member, key)).status).toBe(200);
      expect(await read()).toBe(key);
      await service.terminate();
      service = await start('ready');
      expect(await read()).toBe(key);
    });

    if (startCostsFile !== undefined) {
      test('costs so much to start', async () => {
        await service.terminate();
        await recordStartCost(name, deployment.folder, options());
        service = await start('ready');
      });
    }

    test('answers every request under load while the provider goes away and comes back', async () => {
      const answers = new Map<unknown, number>();
      const load = { on: true };
      const clients = Array.from({ length: 4 }, async () => {
        while (load.on) {
          const answer = await read();
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
          await sleep(5);
        }
      });
      const served = (more: number): Promise<void> => {
        const goal = (answers.get(key) ?? 0) + more;
        return until(() => (answers.get(key) ?? 0) >= goal || answers.size > 1, `${more} more answers`);
      };
      await served(20);
      await provider.halt();
      await served(50);
      await provider.resume();
      await served(20);
      load.on = false;
      await Promise.all(clients);
      expect([...answers.keys()]).toEqual([key]);
    });

    if (startWithout === 'waits') {
      test('started without the provider it waits, live and not ready, and is ready once the provider is back', async () => {
        await service.terminate();
        await provider.halt();
        service = await start('live');
        await until(() => service.output.includes('KEY_PROVIDER_UNAVAILABLE'), 'the service says what it waits for');
        expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
        await provider.resume();
        await until(async () => (await fetch(`${service.url}/health/ready`)).status === 200, 'the service is ready');
        expect(await read()).toBe(key);
      });
    } else {
      test('started without it, it ends and says so, and serves once it is back', async () => {
        await service.terminate();
        await provider.halt();
        service = await start('started');
        expect(await service.exited).toBe(1);
        expect(service.output).toContain('KEY_PROVIDER_MISCONFIGURED');
        await provider.resume();
        service = await start('ready');
        expect(await read()).toBe(key);
      });
    }
  });
}
