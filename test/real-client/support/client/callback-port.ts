import { createServer, type Server } from 'node:net';
import { listen } from '../../../lab/network/listen.js';
import { until } from '../../../lab/processes/until.js';

// Any port will do that nothing else on the machine uses and that every run of these tests agrees on.
const lockPort = 8064;

/**
 * Runs `work` while no other test on this machine runs one: every client waits for its browser on the same port, 8065.
 * Listening on a port of our own is the lock: one process can, and it is free again however that process ends.
 */
export async function holdingCallbackPort<T>(work: () => Promise<T>): Promise<T> {
  let lock: Server | undefined;
  await until(async () => (lock = await tryLock()) !== undefined, `port ${lockPort} is free`, 120_000);
  try {
    return await work();
  } finally {
    lock?.close();
  }
}

async function tryLock(): Promise<Server | undefined> {
  const server = createServer();
  return listen(server, lockPort).then(
    () => server,
    () => undefined,
  );
}
