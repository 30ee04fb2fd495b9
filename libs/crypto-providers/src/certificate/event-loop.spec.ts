import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OpensslFolder } from '../testing/openssl.js';
import { openCertificate } from './certificate.provider.js';

/** Far above what a busy machine does to an idle loop, far below 200 private-key operations in a row (over a second). */
const longestPauseMilliseconds = 100;

let folder: OpensslFolder;
beforeAll(async () => {
  folder = await OpensslFolder.create();
  await folder.openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out own.key');
});
afterAll(() => folder.remove());

it('two hundred unwraps with a 4096-bit key leave the event loop free', async () => {
  const source = { kind: 'filesystem', path: folder.file('own.key') } as const;
  const key = await openCertificate({ kind: 'certificate', source });
  const wrapped = await key.wrap(Buffer.alloc(32, 7));
  await key.unwrap(wrapped);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await Promise.all(Array.from({ length: 200 }, () => key.unwrap(wrapped)));
  delay.disable();
  expect(delay.max / 1e6).toBeLessThan(longestPauseMilliseconds);
});
