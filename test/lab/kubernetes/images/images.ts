import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { baseImage, buildah, podman } from '../../containers/engine.ts';
import { findPostgres } from '../../databases/postgres-binaries.ts';
import { tempFolder } from '../../files/temp-folder.ts';
import { installedTool } from '../../packages/tools.ts';
import { outcomeOf, run } from '../../processes/child-process.ts';
import { pauseImage } from '../cluster/configuration.ts';
import { home } from '../cluster/places.ts';

const programs = installedTool('cluster-programs');

/** The image under test by the names that the guide uses: a first version, and one to upgrade to. */
const release = {
  first: 'registry.example.com/key-connector:0.1.0',
  next: 'registry.example.com/key-connector:0.1.1',
} as const;

/** By this name config/kubernetes/postgresql.yaml asks for it. */
const databaseImage = 'docker.io/library/postgres:18';

/** Gives the node the images of the lab, and the one under test as each release: nothing is pulled. */
export async function giveImages(image: string): Promise<void> {
  const names = Object.values(release);
  await makeDatabaseImage();
  await makePauseImage();
  for (const name of names) await run(...podman('tag', image, name));
  const archive = `${home}/images.tar`;
  await run(
    ...podman('save', '--quiet', '--multi-image-archive', '--output', archive, ...names, databaseImage, pauseImage),
  );
  const node = ['--address', `${home}/containerd.sock`, '--namespace', 'k8s.io'];
  await run(programs.file('ctr'), [...node, 'images', 'import', '--local', archive]);
  await run('rm', [archive]);
}

/** A PostgreSQL on the base image of the lab, which answers to what the official image is told. */
async function makeDatabaseImage(): Promise<void> {
  if (await exists(databaseImage)) return;
  const bin = await findPostgres()
    .find(({ major }) => major === 18)
    ?.folder();
  if (bin === undefined) throw new Error('test/tools has no PostgreSQL 18: npm ci --prefix test/tools');
  const context = resolve(import.meta.dirname, 'database');
  const how = ['--isolation=chroot', '--layers=false', `--build-arg=BASE=${baseImage}`];
  const from = [`--build-context=programs=${dirname(bin)}`, `--tag=${databaseImage}`];
  await run(...buildah('build', ...how, ...from, context));
}

async function makePauseImage(): Promise<void> {
  if (await exists(pauseImage)) return;
  const draft = await tempFolder('pause');
  try {
    await mkdir(join(draft.path, 'context'));
    await copyFile(programs.file('pause'), join(draft.path, 'context/pause'));
    await writeFile(
      join(draft.path, 'Dockerfile'),
      'FROM scratch\nCOPY pause /pause\nUSER 65535\nENTRYPOINT ["/pause"]\n',
    );
    const file = ['--file', join(draft.path, 'Dockerfile'), `--tag=${pauseImage}`];
    await run(...buildah('build', '--isolation=chroot', ...file, join(draft.path, 'context')));
  } finally {
    await draft.remove();
  }
}

const exists = async (name: string): Promise<boolean> =>
  (await outcomeOf(...podman('image', 'exists', name))).code === 0;
