import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OpensslFolder } from '../../testing/openssl.js';
import { openCertificate } from './open-key.js';

let folder: OpensslFolder;
beforeAll(async () => {
  folder = await OpensslFolder.create();
  await folder.openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out own.key');
});
afterAll(() => folder.remove());

it('two hundred unwraps with a 4096-bit key leave the event loop free', async () => {
  const source = { kind: 'filesystem', path: folder.file('own.key') } as const;
  const key = await openCertificate(source, { timeoutSeconds: 15, recordedKeyReferences: [] });
  const wrapped = await key.wrap(Buffer.alloc(32, 7));
  await key.unwrap(wrapped);
  let turns = 0;
  let running = true;
  const turn = (): void => {
    turns += 1;
    if (running) setImmediate(turn);
  };
  turn();
  await Promise.all(Array.from({ length: 200 }, () => key.unwrap(wrapped)));
  running = false;
  // On the event loop, all of them would be done within one of its turns, however fast or busy the machine is.
  expect(turns).toBeGreaterThan(100);
});
