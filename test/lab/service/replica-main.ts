/**
 * One replica that is started again and again in the same process, so that a hundred first starts of ten replicas take
 * seconds. It runs the production build's own start, all but the loading of the code.
 */
import type { INestApplication, LoggerService } from '@nestjs/common';

const build = new URL('../../../dist/key-connector/', import.meta.url);
const load = async <T>(path: string): Promise<T> => (await import(new URL(path, build).href)) as T;

// As `launch` does: eleven of them load the same code.
(await load<{ useCompileCache: () => void }>('libs/launch/src/compile-cache.js')).useCompileCache();
const { createApp } = await load<{
  createApp: (settings: unknown, logger: LoggerService) => Promise<INestApplication>;
}>('apps/key-connector/src/create-app.js');
const { Boot } = await load<{ Boot: new () => { run(): Promise<boolean> } }>('apps/key-connector/src/boot/boot.js');
const { loadSettings } = await load<{ loadSettings: (environment: Record<string, string>) => Promise<unknown> }>(
  'libs/settings/src/index.js',
);

/** What the test sends. */
export type ReplicaOrder = { readonly start: Record<string, string> } | 'stop';
/** What it gets back. */
export type ReplicaReport = { readonly url: string } | { readonly error: string } | 'loaded' | 'stopped';

const silent: LoggerService = {
  log: ignore,
  error: ignore,
  warn: ignore,
  fatal: ignore,
  debug: ignore,
  verbose: ignore,
};
function ignore(): void {
  // The test looks at the database.
}

let app: INestApplication | undefined;

async function start(environment: Record<string, string>): Promise<ReplicaReport> {
  try {
    app = await createApp(await loadSettings(environment), silent);
    await app.listen(0, '127.0.0.1');
    await app.get(Boot).run();
    return { url: await app.getUrl() };
  } catch (error) {
    return { error: String(error) };
  }
}

async function stop(): Promise<ReplicaReport> {
  await app?.close();
  return 'stopped';
}

process.on('message', (order: ReplicaOrder) => {
  void (order === 'stop' ? stop() : start(order.start)).then((report) => process.send?.(report));
});
process.send?.('loaded' satisfies ReplicaReport);
