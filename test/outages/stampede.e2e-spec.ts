import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { placeOf, proxiedKinds } from '../database/behind-a-proxy.js';
import type { TestDatabases } from '../database/test-database.js';
import { tempFolder, type TempFolder } from '../lab/files/temp-folder.js';
import { type IssuerServer, startIssuer } from '../lab/issuer/issuer.server.js';
import { type FaultProxy, faultProxyTool, startFaultProxy } from '../lab/network/fault-proxy.js';
import { freePort } from '../lab/network/free-port.js';
import { run } from '../lab/processes/child-process.js';
import { type Deployment, startDeployment } from '../lab/service/deployment.js';
import { type ServiceProcess, startService } from '../lab/service/service.process.js';
import { describeIf } from '../lab/skip/skip.js';
import type { CrowdPlan, CrowdReport } from './crowd.process.js';

jest.setTimeout(240_000);

/** How many sign in, a thousand a second: 10,000 are what the guides promise. */
const members = Number(process.env['STAMPEDE_MEMBERS'] ?? 2000);

/** A flood: through a network that answers after a second, the service reads some 1,000 rows a second. */
const flood = { slowMs: 1000, refusals: 500, longestMs: 60_000 };

/** Longest wait for a place among the statements, in seconds: what a late refusal would take. */
const acquireTimeout = 60;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

let folder: TempFolder;
let issuer: IssuerServer;
let tokens: string;

beforeAll(async () => {
  folder = await tempFolder('stampede');
  issuer = await startIssuer();
  const made = Array.from({ length: members }, () => issuer.tokenOnThreads({ claims: { sub: randomUUID() } }));
  tokens = join(folder.path, 'tokens');
  writeFileSync(tokens, (await Promise.all(made)).join('\n'), { mode: 0o600 });
});
afterAll(async () => {
  await issuer.stop();
  await folder.remove();
});

/** Lets all members ask, from a process of their own. */
async function crowd({ url }: ServiceProcess, plan: Omit<CrowdPlan, 'url' | 'tokens'>): Promise<CrowdReport> {
  const whole: CrowdPlan = { ...plan, url: `${url}/user-keys`, tokens };
  const program = join(import.meta.dirname, 'crowd.process.ts');
  return JSON.parse(await run(process.execPath, [program, JSON.stringify(whole)])) as CrowdReport;
}

for (const { kind, possible, reason, start, through } of proxiedKinds.slice(0, 2)) {
  describeIf(
    possible && faultProxyTool.installed,
    possible ? faultProxyTool.reason : reason,
    `members on ${kind}`,
    () => {
      let databases: TestDatabases;
      let proxy: FaultProxy;
      let deployment: Deployment;
      let metricsPort: number;

      beforeAll(async () => {
        databases = await start();
        const database = await databases.create();
        proxy = await startFaultProxy(placeOf(database.settings).port);
        metricsPort = await freePort();
        deployment = await startDeployment({
          database: { settings: { ...database.settings, ...through(database.settings, proxy.port) } },
          settings: {
            identityServerUri: issuer.uri,
            metrics__port: String(metricsPort),
            log__requests: 'false',
            // On a busy machine it is the crowd that is slow.
            http__headersTimeoutSeconds: '120',
            http__requestTimeoutSeconds: '120',
          },
        });
        expect(await crowd(deployment.service, { kind: 'enrol' })).toMatchObject({ answered: members, other: {} });
        await deployment.service.terminate();
      });
      afterAll(async () => {
        await deployment.stop();
        await proxy.stop();
        await databases.stop();
      });

      const longestLine = async (): Promise<number> => {
        const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
        return Number(/^key_connector_requests_waiting_most (\d+)$/m.exec(metrics)?.[1]);
      };

      test('who all sign in after an outage, at a replica that has just started, all get their keys', async () => {
        const replica = await startService({ settings: deployment.settings });
        try {
          const report = await crowd(replica, { kind: 'once', milliseconds: members });
          const line = await longestLine();
          print(`${kind}: ${members} members, slowest answer ${report.slowestAnswerMs} ms, longest line ${line}`);
          expect(report).toMatchObject({ answered: members, refused: 0, other: {} });
        } finally {
          await replica.terminate();
        }
      });

      test('who are far too many are answered, or refused early and told when to come again; then all is well', async () => {
        const replica = await startService({
          settings: {
            ...deployment.settings,
            http__longestWaitSeconds: '1',
            database__acquireTimeoutSeconds: String(acquireTimeout),
          },
        });
        try {
          await proxy.slow(flood.slowMs);
          const flooding = crowd(replica, { kind: 'flood', refusals: flood.refusals, milliseconds: flood.longestMs });
          const probes: number[] = [];
          const probing = new AbortController();
          void flooding
            .catch(() => undefined)
            .finally(() => {
              probing.abort();
            });
          while (!probing.signal.aborted) probes.push((await fetch(`${replica.url}/health/live`)).status);
          const report = await flooding;
          await proxy.heal();
          print(`${kind}: flood ${JSON.stringify(report)}, longest line ${await longestLine()}`);
          expect(report.other).toEqual({});
          expect(report.refused).toBeGreaterThanOrEqual(flood.refusals);
          expect(report.slowestRefusalMs).toBeLessThan((acquireTimeout * 1000) / 6);
          expect(new Set(probes)).toEqual(new Set([200]));
          expect(await crowd(replica, { kind: 'once', milliseconds: members })).toMatchObject({ answered: members });
        } finally {
          await proxy.heal();
          await replica.terminate();
        }
      });
    },
  );
}
