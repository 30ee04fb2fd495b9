import { randomUUID } from 'node:crypto';
import { chownSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, outcomeOf, run } from '../processes/child-process.js';
import type { Launch } from '../service/service.process.js';
import { podman } from './engine.js';

/** How a container differs from the plain one. */
export interface ContainerOptions {
  /** `uid` or `uid:gid`; the image's own when left out. */
  readonly user?: string;
  /** Folders and files that it sees elsewhere: path here → path there. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/**
 * Whatever becomes of this process, a container ends after so many seconds: it is no child of ours that the kernel
 * would end.
 */
const lifeSeconds = '300';

/** A container of an image, with as few rights as a cluster gives it: nothing can be written but what is mounted. */
export class Container {
  readonly name = `key-connector-test-${randomUUID()}`;

  constructor(
    private readonly image: string,
    private readonly options: ContainerOptions = {},
  ) {}

  /**
   * For `startService`: temporary folders that its settings name are mounted at the same place, and given to its user.
   */
  readonly launch: Launch = (environment) => {
    const { user, mounts = {} } = this.options;
    // What a process needs of this machine is not the container's.
    const variables = Object.fromEntries(
      Object.entries(environment).filter(([name]) => !['PATH', 'HOME', 'TMPDIR'].includes(name)),
    );
    const temporary = new RegExp(`${tmpdir()}/key-connector-[\\w-]+`, 'g');
    const named = new Set(Object.values(variables).flatMap((value) => value.match(temporary) ?? []));
    for (const folder of named) giveTo(user ?? '65532', folder);
    const volumes = [...[...named].map((folder) => [folder, folder]), ...Object.entries(mounts)];
    const [program, args] = podman(
      ...['run', '--rm', '--name', this.name, '--timeout', lifeSeconds, '--no-healthcheck', '--network=host'],
      ...['--read-only', '--read-only-tmpfs=false', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
      ...['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'],
      ...(user === undefined ? [] : ['--user', user]),
      ...volumes.flatMap(([here, there]) => ['--volume', `${here ?? ''}:${there ?? ''}`]),
      // By name alone: podman takes the values from its own environment, and no list of processes shows them.
      ...Object.keys(variables).flatMap((name) => ['--env', name]),
      this.image,
    );
    return { program, args, env: { ...process.env, ...variables } };
  };

  /** Runs a program in it. */
  exec(...command: readonly string[]): Promise<Outcome> {
    return outcomeOf(...podman('exec', this.name, ...command));
  }

  /** When its first process began, in milliseconds since 1970. */
  async startedAt(): Promise<number> {
    return Number(await run(...podman('inspect', '--format={{.State.StartedAt.UnixMilli}}', this.name)));
  }
}

/** Gives a file, or a folder with all that is in it, to a container's user. */
export function giveTo(user: string, path: string): void {
  const [uid, gid = uid] = user.split(':').map(Number);
  chownSync(path, uid ?? 0, gid ?? 0);
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name));
}
