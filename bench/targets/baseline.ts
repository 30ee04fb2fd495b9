import { join } from 'node:path';
import { type BaselineConfig, writeConfig } from '../baselines/config.ts';
import { startChild } from '../support/child-process.ts';
import { waitUntilReady } from '../support/http.ts';
import { freePort } from '../support/listen.ts';
import type { Target } from './target.ts';

/** The servers that the service is compared with; bench/README.md says what they are. */
export type BaselineName = 'baselineA' | 'baselineB';

const scripts: Record<BaselineName, string> = {
  baselineA: '../baselines/bare.ts',
  baselineB: '../baselines/orm.ts',
};

/** What a baseline is started with. */
export interface BaselineSetup {
  readonly folder: string;
  readonly config: Omit<BaselineConfig, 'port'>;
  /** Options of Node itself, for profiling. */
  readonly nodeOptions?: readonly string[];
}

/** Starts a baseline in a process of its own. */
export async function startBaseline(name: BaselineName, setup: BaselineSetup): Promise<Target> {
  const { folder, config, nodeOptions = [] } = setup;
  const port = await freePort();
  const configPath = join(folder, `${name}.json`);
  writeConfig(configPath, { ...config, port });
  const child = startChild({
    name,
    command: process.execPath,
    args: [...nodeOptions, join(import.meta.dirname, scripts[name]), configPath],
    logFile: join(folder, `${name}.log`),
    environment: { NODE_ENV: 'production' },
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(url, child);
  return { name, url, process: child };
}
