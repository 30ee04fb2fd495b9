import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Secret } from '@key-connector/common';
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
  const turns = await turnsDuring(Promise.all(Array.from({ length: 200 }, () => key.unwrap(wrapped))));
  // On the event loop, all of them would be done within one of its turns, however fast or busy the machine is.
  expect(turns).toBeGreaterThan(100);
});

it('a key file that asks for many rounds leaves the event loop free, and the log tells of it while they run', async () => {
  await folder.openssl('req -x509 -new -key own.key -out own.crt -subj /CN=own -days 36500');
  const rounds = 100_000;
  const legacy = `-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -iter ${rounds}`;
  await folder.openssl(`pkcs12 -export -inkey own.key -in own.crt -out own.pfx -passout pass:p ${legacy}`);
  const said = jest.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
  const source = { kind: 'filesystem', path: folder.file('own.pfx'), password: new Secret('p') } as const;
  const opening = openCertificate(source, { timeoutSeconds: 15, recordedKeyReferences: [] }, 0);
  const turns = await turnsDuring(opening);
  expect(said).toHaveBeenCalledWith({ msg: expect.stringContaining('many rounds'), file: folder.file('own.pfx') });
  said.mockRestore();
  // Seven derivations; a turn of the loop each 1,000 rounds at the least, so that a live service answers meanwhile.
  expect(turns).toBeGreaterThan((7 * rounds) / 1000);
});

/** How many turns the event loop makes until a promise is settled. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let running = true;
  const turn = (): void => {
    turns += 1;
    if (running) setImmediate(turn);
  };
  turn();
  await work;
  running = false;
  return turns;
}
