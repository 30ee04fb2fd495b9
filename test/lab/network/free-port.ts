import { createServer } from 'node:net';

/**
 * Ports below those that the kernel hands out by itself (from 32768 on Linux), a range for each jest worker: between
 * the probe and the service's own listen nobody else of the run takes the port, and no outgoing connection does.
 */
const FIRST = 20_000;
const RANGE = 1_000;
const RANGES = 12;

const worker = Number(process.env['JEST_WORKER_ID'] ?? Number.NaN);
/** Somewhere in the range, so that the next test file does not meet this one's ports again at once. */
let turn = Math.floor(Math.random() * RANGE);

/** A TCP port on 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  // A script, alone as it is, takes what the kernel gives.
  if (Number.isNaN(worker)) return probe(0);
  for (let tries = 0; tries < RANGE; tries += 1) {
    turn = (turn + 1) % RANGE;
    const port = FIRST + ((worker - 1) % RANGES) * RANGE + turn;
    try {
      return await probe(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error(`Jest worker ${worker} has no free port left.`);
}

/** Listens on a port for a moment. */
function probe(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('The probe socket has no port.'));
        else resolve(address.port);
      });
    });
  });
}
