import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { tempFolder } from '../files/temp-folder.js';
import { run } from '../processes/child-process.js';
import { baseImage, buildah, forgetContainers, podman, repository } from './engine.js';

const image = 'localhost/key-connector:test';

/** What an image says of how it is run. */
const configSchema = z.object({
  User: z.string(),
  ExposedPorts: z.record(z.string(), z.unknown()),
  Entrypoint: z.array(z.string()),
  Env: z.array(z.string()),
});

/**
 * Builds the Dockerfile on the stand-in for its base image, and gives the image's name. The stages that install and
 * compile are replaced by what this repository has installed and compiled already: for them, a network and minutes are
 * needed.
 */
export async function buildImage(): Promise<string> {
  const stages = await tempFolder('stages');
  try {
    await forgetContainers();
    const [bundle, packages] = [join(stages.path, 'bundle'), join(stages.path, 'packages')];
    await mkdir(join(bundle, 'work/dist'), { recursive: true });
    await cp(join(repository, 'dist/bundle'), join(bundle, 'work/dist/bundle'), { recursive: true });
    const chosen = ['scripts/image/packages.ts', 'node_modules', join(packages, 'packages')];
    await run(process.execPath, chosen, { cwd: repository });
    const instead = [`--build-context=bundle=${bundle}`, `--build-context=packages=${packages}`];
    const how = ['--isolation=chroot', '--format=docker', '--layers=false', `--build-arg=NODE_IMAGE=${baseImage}`];
    await run(...buildah('build', ...how, ...instead, `--tag=${image}`, '.'), { cwd: repository });
    // The one that had the name before.
    await run(...podman('image', 'prune', '--force'));
    return image;
  } finally {
    await stages.remove();
  }
}

/** How the image says that it is to be run. */
export async function configOf(name: string): Promise<z.output<typeof configSchema>> {
  const text = await run(...podman('image', 'inspect', '--format={{json .Config}}', name));
  return configSchema.parse(JSON.parse(text));
}

/** Bytes of all layers as a registry keeps them: compressed by gzip. */
export async function compressedSize(name: string): Promise<number> {
  const folder = await tempFolder('layers');
  try {
    await run(...buildah('push', '--quiet', '--format=docker', name, `dir:${folder.path}`));
    const manifest: unknown = JSON.parse(await readFile(join(folder.path, 'manifest.json'), 'utf8'));
    const { layers } = z.object({ layers: z.array(z.object({ digest: z.string() })) }).parse(manifest);
    const files = layers.map(({ digest }) => stat(join(folder.path, digest.replace('sha256:', ''))));
    return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0);
  } finally {
    await folder.remove();
  }
}

/** Shows the image's files as a folder to some work. */
export async function withFilesOf<T>(name: string, work: (folder: string) => T): Promise<T> {
  const folder = (await run(...podman('image', 'mount', name))).trim();
  try {
    return work(folder);
  } finally {
    await run(...podman('image', 'unmount', name));
  }
}
