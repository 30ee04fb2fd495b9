import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tempFolder } from '../files/temp-folder.ts';
import { run } from '../processes/child-process.ts';
import { baseImage, importImage } from './engine.ts';

/** What node:24-trixie-slim is made of. */
const release = 'trixie';
const mirror = 'http://deb.debian.org/debian';

const node = resolve(import.meta.dirname, '../../../node_modules/node/bin/node');

/**
 * Puts what stands in for the base image of the Dockerfile into a store in this folder: Debian's smallest root, and the
 * Node of the npm package. The real one comes from a registry of images, which a test does not ask.
 */
export async function makeBaseImage(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('only root can build and run containers here');
  const draft = await tempFolder('base-image');
  const [root, archive] = [join(draft.path, 'root'), join(draft.path, 'root.tar')];
  try {
    await run('debootstrap', ['--variant=minbase', release, root, mirror]);
    await cp(node, join(root, 'usr/local/bin/node'));
    await writeFile(join(root, 'usr/local/LICENSE'), 'The licence of Node stands here in the real image.\n');
    await run('tar', ['--create', '--file', archive, '--directory', root, '.']);
    await writeFile(join(folder, 'driver'), await importImage(folder, baseImage, archive));
  } finally {
    await draft.remove();
  }
}
