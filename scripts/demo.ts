/** `npm run demo`: the built service with all it needs, on this machine alone. `-- --check` tries it out and ends. */
import { parseArgs } from 'node:util';
import { freePort } from '../test/lab/network/free-port.ts';
import { buildChanged } from './build.ts';
import { check } from './demo/check.ts';
import { type Demo, startDemo } from './demo/demo-stack.ts';
import { introduction } from './demo/introduction.ts';
import { ownFolder } from './demo/own-folder.ts';
import { portOf } from './demo/port.ts';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
let demo: Demo | undefined;
const signal = firstSignal();
// While things are still starting there is nobody to ask them to stop: their own exit hooks end them.
void signal.then(() => demo ?? process.exit(130));

try {
  const port = await portOf(process.env['PORT'], values.check ? await freePort() : 5000);
  await buildChanged(['key-connector', 'demo-issuer'], (text) => void process.stdout.write(text));
  demo = await startDemo({ port, folder: ownFolder(), log: values.check ? undefined : process.stdout });
  if (values.check) {
    process.exitCode = (await check(demo)) ? 0 : 1;
  } else {
    process.stdout.write(introduction(demo));
    await untilStopped(demo);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await demo?.stop();
}

/** Waits for the signal that ends the demo, or for the service's own end, which is a failure. */
async function untilStopped({ service }: Demo): Promise<void> {
  const ended = await Promise.race([signal, service.exited]);
  if (ended !== 'signal') throw new Error(`The service ended by itself (${ended}); its log stands above.`);
}

/** Ctrl-C or SIGTERM. */
function firstSignal(): Promise<'signal'> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        resolve('signal');
      });
    }
  });
}
