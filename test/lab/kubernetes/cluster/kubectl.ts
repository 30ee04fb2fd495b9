import { installedTool } from '../../packages/tools.ts';
import { type Outcome, outcomeOf, run } from '../../processes/child-process.ts';
import { until } from '../../processes/until.ts';
import { kubeconfig } from './places.ts';

const programs = installedTool('cluster-programs');
const helmTool = installedTool('helm');

/** For a shell in which `kubectl` and `helm` speak to the cluster, with a home of its own. */
export function clusterEnvironment(folder: string): NodeJS.ProcessEnv {
  const path = [programs.file(''), helmTool.file(''), process.env['PATH'] ?? ''].join(':');
  return { PATH: path, HOME: folder, KUBECONFIG: kubeconfig };
}

/** Asks the cluster's API, with the program that an operator uses. */
class Kubectl {
  /** The command line, for `Child`. */
  command(...args: readonly string[]): [string, string[]] {
    return [programs.file('kubectl'), ['--kubeconfig', kubeconfig, ...args]];
  }

  outcome(...args: readonly string[]): Promise<Outcome> {
    return outcomeOf(...this.command(...args));
  }

  /** What it prints; throws that when it fails. */
  run(...args: readonly string[]): Promise<string> {
    return run(...this.command(...args));
  }

  async succeeds(...args: readonly string[]): Promise<boolean> {
    return (await this.outcome(...args)).code === 0;
  }

  /** Makes objects, or changes them, from a text or from trees. */
  async apply(objects: string | readonly object[], ...args: readonly string[]): Promise<void> {
    const items = { apiVersion: 'v1', kind: 'List', items: objects };
    const input = typeof objects === 'string' ? objects : JSON.stringify(items);
    await run(...this.command(...args, 'apply', '--filename', '-'), { input });
  }

  /** An object, or a list of objects, as a tree. */
  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run('get', '--output=json', ...args)) as T;
  }

  /** Waits until what it prints passes. */
  async until(
    passes: (printed: string) => boolean,
    args: readonly string[],
    what: string,
    timeoutMs = 60_000,
  ): Promise<void> {
    let printed = '';
    await until(
      async () => {
        const { stdout, stderr } = await this.outcome(...args);
        printed = stdout + stderr;
        return passes(stdout);
      },
      () => `${what}. It printed:\n${printed}`,
      timeoutMs,
      250,
    );
  }
}

export const kubectl = new Kubectl();
