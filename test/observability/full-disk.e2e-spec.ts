import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect } from '@jest/globals';
import { exitOf } from '../lab/processes/child-process.js';
import { startDeployment } from '../lab/service/deployment.js';
import { freePort } from '../lab/network/free-port.js';
import { statusOf } from '../lab/network/http-status.js';
import { serviceEntry } from '../lab/service/service.process.js';
import { testIf } from '../lab/skip/skip.js';
import { until } from '../lab/processes/until.js';

const full = '/dev/full';

testIf(
  existsSync(full),
  `there is no ${full} here`,
  'a full disk behind the log stops neither requests nor the end',
  async () => {
    const deployment = await startDeployment();
    const port = await freePort();
    const settings = {
      ...deployment.settings,
      http__host: '127.0.0.1',
      http__port: String(port),
      http__drainDelaySeconds: '0',
    };
    const environment = Object.entries(settings).map(([path, value]) => [`keyConnectorSettings__${path}`, value]);
    const log = openSync(full, 'w');
    const service = spawn(process.execPath, [serviceEntry], {
      env: Object.fromEntries(environment) as NodeJS.ProcessEnv,
      stdio: ['ignore', log, 'ignore'],
    });
    closeSync(log);
    try {
      await until(async () => (await statusOf(`http://127.0.0.1:${port}/health`)) === 200, 'the service is ready');
      const id = randomUUID();
      const request = { method: 'PUT', body: JSON.stringify({ key: randomBytes(32).toString('base64') }) };
      const headers = { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' };
      for (let count = 0; count < 100; count += 1) {
        expect((await fetch(`http://127.0.0.1:${port}/user-keys`, { ...request, headers })).status).toBe(200);
      }
      service.kill('SIGTERM');
      expect(await exitOf(service)).toBe(0);
    } finally {
      service.kill('SIGKILL');
      await deployment.stop();
    }
  },
);
