import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { expect } from '@jest/globals';
import { freePort } from '../lab/network/free-port.js';
import { startDeployment } from '../lab/service/deployment.js';
import { startService } from '../lab/service/service.process.js';
import { testIf } from '../lab/skip/skip.js';

const full = '/dev/full';

testIf(
  existsSync(full),
  `there is no ${full} here`,
  'a full disk behind the log stops neither requests nor the end',
  async () => {
    const deployment = await startDeployment();
    const settings = { ...deployment.settings, http__port: String(await freePort()) };
    const service = await startService({ settings, logFile: full });
    try {
      const id = randomUUID();
      const request = { method: 'PUT', body: JSON.stringify({ key: randomBytes(32).toString('base64') }) };
      const headers = { authorization: `Bearer ${deployment.token(id)}`, 'content-type': 'application/json' };
      for (let count = 0; count < 100; count += 1) {
        expect((await fetch(`${service.url}/user-keys`, { ...request, headers })).status).toBe(200);
      }
      expect(await service.terminate()).toBe(0);
    } finally {
      await service.kill();
      await deployment.stop();
    }
  },
);
