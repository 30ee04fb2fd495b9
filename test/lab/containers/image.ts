import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { tempFolder } from '../files/temp-folder.ts';
import { outcomeOf, run } from '../processes/child-process.ts';
import { baseImage, buildah, forgetContainers, podman, repository } from './engine.ts';

const image = 'localhost/key-connector:test';

/** What an image says of how it is run. */
const configSchema = z.object({
  User: z.string(),
  ExposedPorts: z.record(z.string(), z.unknown()),
  Entrypoint: z.array(z.string()),
  Env: z.array(z.string()),
});

/** The label that says what an image was made from. */
const madeFrom = 'key-connector.test.made-from';

/**
 * Builds the Dockerfile on the stand-in for its base image, and gives the image's name; one that was made from the same
 * files before is taken. The stages that install and compile are replaced by what this repository has installed and
 * compiled already: for them, a network and minutes are needed.
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
    const sources = await digestOf(stages.path, join(repository, 'scripts/image'), join(repository, 'Dockerfile'));
    if ((await labelOf(image)) === sources) return image;
    const instead = [`--build-context=bundle=${bundle}`, `--build-context=packages=${packages}`];
    const how = ['--isolation=chroot', '--format=docker', '--layers=false', `--build-arg=NODE_IMAGE=${baseImage}`];
    const names = [`--label=${madeFrom}=${sources}`, `--tag=${image}`];
    await run(...buildah('build', ...how, ...instead, ...names, '.'), { cwd: repository });
    // The one that had the name before.
    await run(...podman('image', 'prune', '--force'));
    return image;
  } finally {
    await stages.remove();
  }
}

/** What an image says that it was made from; nothing where there is none. */
async function labelOf(name: string): Promise<string> {
  const asked = podman('image', 'inspect', `--format={{index .Config.Labels "${madeFrom}"}}`, name);
  return (await outcomeOf(...asked)).stdout.trim();
}

/** SHA-256 over names and contents of files, and of all that folders hold. */
async function digestOf(...paths: readonly string[]): Promise<string> {
  const digest = createHash('sha256');
  for (const path of paths) {
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder ? await readdir(path, { recursive: true, withFileTypes: true }) : [];
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of isFolder ? files.sort() : [path]) {
      digest
        .update(file.slice(path.length))
        .update('\0')
        .update(await readFile(file));
    }
  }
  return digest.digest('hex');
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
