import { join } from 'node:path';
import { freePort } from '../../test/lab/network/free-port.ts';
import { statusOf } from '../../test/lab/network/http-call.ts';
import { Child } from '../../test/lab/processes/child-process.ts';
import { type BaselineConfig, writeConfig } from '../baselines/config.ts';
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
  const script = join(import.meta.dirname, scripts[name]);
  const child = new Child(process.execPath, [...nodeOptions, script, configPath], {
    logFile: join(folder, `${name}.log`),
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
  });
  const url = `http://127.0.0.1:${port}`;
  await child.until(async () => (await statusOf(`${url}/health`)) === 200, `${name} answers`);
  return { name, url, process: child };
}
