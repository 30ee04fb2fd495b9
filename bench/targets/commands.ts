import { resolve } from 'node:path';
import { Child } from '../../test/lab/processes/child-process.ts';
import { memoryMb } from '../../test/lab/processes/proc.ts';
import { productionEnvironment } from '../../test/lab/service/service.process.ts';
import { settingsOf, type ServiceSetup } from './service.ts';

/** A command of the operator's tool that has ended well. */
export interface CommandRun<Result> {
  /** What `--json` printed. */
  readonly result: Result;
  readonly seconds: number;
  /** The most memory that it held, of what was seen every 50 ms. */
  readonly peakRssMb: number;
}

/** Starts `key-connector <args>` of the build that is measured, on the stage's deployment. */
export function startCommand(setup: ServiceSetup, args: readonly string[]): Child {
  const main = resolve(setup.main, '../../../../../cli/apps/cli/src/main.js');
  return new Child(process.execPath, [main, ...args, '--json'], { env: productionEnvironment(settingsOf(setup)) });
}

/**
 * Runs `key-connector <args>` of the build that is measured, on the stage's deployment. Throws what it says when it
 * fails.
 */
export async function runCommand<Result>(setup: ServiceSetup, args: readonly string[]): Promise<CommandRun<Result>> {
  const started = performance.now();
  const child = startCommand(setup, args);
  let peakRssMb = 0;
  const look = setInterval(() => {
    try {
      peakRssMb = Math.max(peakRssMb, memoryMb(child.pid, 'peak'));
    } catch {
      // It has just ended, and has no memory any more.
    }
  }, 50);
  const code = await child.closed;
  clearInterval(look);
  if (code !== 0) throw new Error(`key-connector ${args.join(' ')} ended with ${code}: ${child.output}`);
  return { result: JSON.parse(child.stdout) as Result, seconds: (performance.now() - started) / 1000, peakRssMb };
}
