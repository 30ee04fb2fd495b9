import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OpensslFolder } from '../testing/openssl.js';
import { openCertificate } from './certificate.provider.js';

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
  const start = performance.now();
  await Promise.all(Array.from({ length: 200 }, () => key.unwrap(wrapped)));
  const elapsed = performance.now() - start;
  delay.disable();
  // On the event loop, they would make one pause as long as all of them, however fast the machine is.
  expect(delay.max / 1e6).toBeLessThan(elapsed / 4);
});
