import { createServer } from 'node:net';

/** The port that PORT names, or the one given; refuses with what to do when somebody listens there. */
export async function portOf(wanted: string | undefined, otherwise: number): Promise<number> {
  const port = wanted === undefined || wanted === '' ? otherwise : Number(wanted);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('PORT must be a number from 1 to 65535.');
  await refuseTaken(port);
  return port;
}

function refuseTaken(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', ({ message }) => {
      reject(new Error(`Port ${port} cannot be used (${message}). Choose another: PORT=5001 npm run demo`));
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve();
      });
    });
  });
}
