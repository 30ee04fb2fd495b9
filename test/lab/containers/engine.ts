import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { installedTool } from '../packages/tools.ts';
import { Child, outcomeOf, run } from '../processes/child-process.ts';

/** The tool of scripts/tools that holds the base image; the Node in it is the one that tests run on. */
export const baseTool = `container-base-${process.versions.node}`;
/** The base image's name in the store of that tool. */
export const baseImage = `localhost/key-connector-base:${process.versions.node}`;

const base = installedTool(baseTool);
const programs = ['/usr/bin/buildah', '/usr/bin/podman'];

/** Whether images can be built and run on this machine; for `describeIf`. */
export const containers = {
  installed: base.installed && programs.every((program) => existsSync(program)),
  reason: base.installed ? 'apt-get install buildah podman runc' : base.reason,
};

/** Where images lie, apart from those of the machine. */
function storage(folder: string, driver: string): string[] {
  // What holds until the next start of the machine, at a short path: podman takes no more than 50 characters.
  const running = `/run/key-connector-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
  return ['--root', join(folder, 'store'), '--runroot', running, '--storage-driver', driver];
}

const driverFile = (folder: string): string => join(folder, 'driver');

/** Makes an image of a folder's content, in a store of its own; says how the store keeps its layers, for later. */
export async function importImage(store: string, name: string, archive: string): Promise<string> {
  const importing = (driver: string): string[] => [...storage(store, driver), 'import', archive, name];
  // Layers over each other where the file system takes that, and copies of each other elsewhere.
  const { code } = await outcomeOf('podman', importing('overlay'));
  if (code === 0) return 'overlay';
  await run('podman', importing('vfs'));
  return 'vfs';
}

function inStore(): string[] {
  return storage(base.file(''), readFileSync(driverFile(base.file('')), 'utf8'));
}

/**
 * Removes what a run left that was killed, and podman's notes of containers: they hold the path of the store, and the
 * repository may have been moved.
 */
export async function forgetContainers(): Promise<void> {
  await outcomeOf(...podman('rm', '--all', '--force'));
  await rm(join(base.file(''), 'store/libpod'), { recursive: true, force: true });
  const { stdout } = await outcomeOf(...podman('ps', '--all', '--external', '--quiet'));
  for (const id of stdout.split('\n').filter((line) => line !== '')) await run(...podman('rm', '--force', id));
}

/**
 * Waits until no other process uses the store, and keeps it to this one until the child that is given ends: a build
 * forgets every container, those of another test file or of the cluster too.
 */
export async function lockStore(): Promise<Child> {
  const lock = new Child('flock', ['--no-fork', base.file('lock'), 'sh', '-c', 'echo held; exec sleep infinity']);
  const held = (): Promise<boolean> => Promise.resolve(lock.stdout.includes('held'));
  await lock.until(held, 'nobody else uses the store of images', 600_000, 200);
  return lock;
}

/** `podman <args>` on the store. */
export function podman(...args: readonly string[]): [string, string[]] {
  return ['podman', [...inStore(), '--runtime=runc', '--cgroup-manager=cgroupfs', '--events-backend=none', ...args]];
}

/** `buildah <args>` on the store. */
export function buildah(...args: readonly string[]): [string, string[]] {
  return ['buildah', [...inStore(), ...args]];
}

/** The repository, with the Dockerfile in it. */
export const repository = resolve(import.meta.dirname, '../../..');
